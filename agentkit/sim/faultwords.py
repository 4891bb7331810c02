"""Faults in words, as `%faults` and `chaos` take them: "429=10% stall=5% seed=4"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from agentkit.errors import SetupError
from agentkit.sim.server.faults import Kind

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
        shared: further fields of each rule: actor, model, first, every, times, from_s, until_s.

    Raises:
        SetupError: no such kind, or no such rate.
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
    return Faulty(rules, seed)


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
