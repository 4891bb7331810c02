"""Faults in words, as `%faults` and `chaos` take them: "429=10% stall=5% seed=4"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from agentkit.errors import SetupError
from agentkit.sim.server.faults import USES, FaultRule, Kind
from agentkit.typed import told_of

KINDS: tuple[str, ...] = get_args(Kind)
ALIASES = {
    "hallucinated_tool": "unknown_tool",
    "wrong_argument": "wrong_type",
    "timeout": "stall",
    "503": "500",
    "502": "html",
    "bad_json": "malformed",
}
"""Other names of kinds."""
EXAMPLE = "such as: 429=10% stall=5% partition=planner|critic seed=4"


class Faulty(NamedTuple):
    """What was asked for: rules as the simulated endpoint takes them, and the seed of its dice."""

    rules: list[dict[str, Any]]
    seed: int | None = None

    def body(self) -> dict[str, Any]:
        """What is sent to `/sim/faults`."""
        return {"rules": self.rules} | ({} if self.seed is None else {"seed": self.seed})


def faulty(words: str | Sequence[str] | Mapping[str, float], **shared: Any) -> Faulty:
    """Read faults.

    Args:
        words: "KIND=RATE ..." with rates as 0.1 or 10%, all where none is named;
            "partition=A|B" cuts these actors off; "seed=N" chooses the dice. Or a mapping of
            kinds and rates.
        shared: further fields of each rule: actor, model, first, every, times, from_s, until_s;
            delay_s, retry_after_s and factor are of those kinds that heed them.

    Raises:
        SetupError: no such kind, or no such rate; or a field that fits none of them.
    """
    if not isinstance(words, str | Iterable):
        raise SetupError(f"faults={words!r}", expected='such as "429=10% stall=5% seed=4"')
    if isinstance(words, Mapping):
        words = [f"{kind}={rate}" for kind, rate in words.items()]
    parts = words.split() if isinstance(words, str) else list(words)
    rules: list[dict[str, Any]] = []
    seed: int | None = None
    for word in parts:
        name, mark, value = word.partition("=")
        if name == "seed":
            seed = whole(value)
        elif name == "partition" and mark:
            who = [one for one in value.split("|") if one]
            rules += [{**shared, "kind": "partition", "actor": one} for one in who]
            if not who:
                raise SetupError("partition= names nobody.", expected="partition=planner|critic")
        else:
            rules.append({**shared, "kind": kind_of(name), "rate": rate(name, value, bool(mark))})
    return Faulty(fitted(rules, shared), seed)


def fitted(rules: list[dict[str, Any]], shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules, each without what its kind does not heed.

    Raises:
        SetupError: none of them heeds it, or a rule cannot be.
    """
    for name, kinds in USES.items():
        idle = [one for one in rules if one["kind"] not in kinds]
        if shared.get(name) is not None and rules and len(idle) == len(rules):
            raise SetupError(
                f"{name}={shared[name]} is of no use to {', '.join(one['kind'] for one in rules)}.",
                expected=f"one of {', '.join(kinds)} among the faults",
            )
        for one in idle:
            one.pop(name, None)
    for one in rules:
        try:
            FaultRule.model_validate(one)
        except ValidationError as error:
            wrong = "; ".join(told_of(dict(each)) for each in error.errors())
            raise SetupError(f"The fault {one['kind']} cannot be: {wrong}.", todo=EXAMPLE) from None
    return rules


def kind_of(name: str) -> str:
    """The kind of a fault by one of its names.

    Raises:
        SetupError: there is none.
    """
    kind = ALIASES.get(name, name)
    if kind not in KINDS:
        near = difflib.get_close_matches(name, (*KINDS, *ALIASES), 1)
        raise SetupError(
            f"There is no fault {name!r}.",
            expected=", ".join(KINDS),
            todo=f"did you mean {near[0]}?" if near else EXAMPLE,
        )
    return kind


def rate(name: str, value: str, given: bool) -> float:
    """A share of the requests, 0..1.

    Raises:
        SetupError: it is none.
    """
    if not given:
        return 1.0
    percent = value.endswith("%")
    try:
        share = float(value.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SetupError(f"The rate of {name} is {value!r}.", expected="0 to 1, or 0% to 100%")
    return share


def whole(value: str) -> int:
    """The seed.

    Raises:
        SetupError: it is no whole number.
    """
    try:
        return int(value)
    except ValueError:
        raise SetupError(f"seed={value}", expected="a whole number, such as seed=4") from None
