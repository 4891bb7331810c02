"""Faults on demand: which request goes wrong, decided by rules and reproducible dice.

| kind | what the client meets | was the request performed? |
|---|---|---|
| 429 | status 429 with Retry-After (`retry_after_s`) | no |
| 500 | status 500 in the dialect's JSON | no |
| html | status 502 with an HTML page, as from a broken proxy | no |
| partition | the connection closes at once: these actors do not reach the endpoint | no |
| stall | the reply is held for `delay_s`, longer than a time-out | yes, and charged |
| drop | the connection closes without a reply | yes, and charged |
| cut | the connection closes in the middle of the reply | yes, and charged |
| slow | the reply takes `factor` times as long, plus `delay_s` | yes |
| duplicate | the request is performed twice, charged twice unless it has an Idempotency-Key; in a \
stream every event that carries a part of the reply comes twice, with the same SSE id | yes |
| malformed | broken JSON in the tool arguments or the schema output | yes |
| unknown_tool | a call to a tool that was not offered | yes |
| wrong_type | a tool argument of the wrong type | yes |
| truncated | the reply ends halfway, finish reason "length" | yes |
| refusal | the model refuses | yes |
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from agentkit.sim.server.wire import BadRequest, digest

Kind = Literal[
    "429",
    "500",
    "html",
    "partition",
    "stall",
    "drop",
    "cut",
    "slow",
    "duplicate",
    "malformed",
    "unknown_tool",
    "wrong_type",
    "truncated",
    "refusal",
]
REFUSING: tuple[Kind, ...] = ("partition", "429", "500", "html")
LOSING: tuple[Kind, ...] = ("stall", "drop", "cut")
DAMAGING: tuple[Kind, ...] = ("malformed", "unknown_tool", "wrong_type", "truncated", "refusal")
USES = {
    "delay_s": ("stall", "slow"),
    "retry_after_s": ("429",),
    "factor": ("slow",),
}


def as_text(value: Any) -> Any:
    """Allow 429 for "429"."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class FaultRule(BaseModel):
    """One fault to inject. A request is hit when all conditions given hold.

    Args:
        kind: what goes wrong, see the table above.
        actor: glob on the header X-Agentkit-Actor; None means every request.
        model: glob on the model's name without `sim:`; None means every model.
        rate: share of the matching requests that are hit, 0..1.
        first: only the first n matching requests.
        every: only each nth matching request.
        times: at most n hits in all.
        from_s: only from so many seconds on, after it was put in force.
        until_s: only until so many seconds after it was put in force.
        delay_s: seconds, for stall (600 by default) and slow; not scaled by the speed.
        retry_after_s: seconds, for 429 (1 by default).
        factor: for slow (10 by default).
        id: given by the server.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Kind, BeforeValidator(as_text)]
    actor: str | None = None
    model: str | None = None
    rate: float = Field(default=1.0, ge=0, le=1)
    first: int | None = Field(default=None, ge=1)
    every: int | None = Field(default=None, ge=1)
    times: int | None = Field(default=None, ge=1)
    from_s: float | None = Field(default=None, ge=0, le=86_400)
    until_s: float | None = Field(default=None, gt=0, le=86_400)
    delay_s: float | None = Field(default=None, ge=0, le=86_400)
    retry_after_s: float | None = Field(default=None, ge=0, le=86_400)
    factor: float | None = Field(default=None, ge=1, le=10_000)
    id: str = ""

    @model_validator(mode="after")
    def fits(self) -> Self:
        """A parameter that the kind does not heed is a mistake, not a no-op."""
        for name, kinds in USES.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(f"{name} belongs to {' and '.join(kinds)}, not to {self.kind}")
        if self.until_s is not None and self.until_s <= (self.from_s or 0.0):
            raise ValueError("until_s is not after from_s")
        return self


@dataclass(frozen=True)
class Sign:
    """What the rules look at: who asks which model, and the digest of what is asked."""

    actor: str | None
    model: str
    digest: str


@dataclass
class Armed:
    """A rule in force, with what it has seen and done."""

    rule: FaultRule
    salt: str
    since_s: float = 0.0
    """When it was put in force."""
    seen: int = 0
    hits: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def fires(self, sign: Sign, seed: int, now_s: float = 0.0) -> bool:
        """Count this request and decide; the same requests are hit in any order of arrival."""
        rule, passed_s = self.rule, now_s - self.since_s
        if (rule.from_s is not None and passed_s < rule.from_s) or (
            rule.until_s is not None and passed_s >= rule.until_s
        ):
            return False
        if rule.actor is not None and not fnmatchcase(sign.actor or "", rule.actor):
            return False
        if rule.model is not None and not fnmatchcase(sign.model, rule.model):
            return False
        self.seen += 1
        who = f"{sign.actor}\x1f{sign.digest}"
        self.asked[who] += 1
        drawn = int(digest(seed, self.salt, who, self.asked[who])[:13], 16) / 16**13
        hit = (
            drawn < rule.rate
            and (rule.first is None or self.seen <= rule.first)
            and (rule.every is None or self.seen % rule.every == 0)
            and (rule.times is None or self.hits < rule.times)
        )
        self.hits += hit
        return hit


class FaultRules:
    """The rules in force. Earlier rules come first; one request meets one fault of a group."""

    def __init__(self, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.seed, self.clock = seed, clock
        self.armed: list[Armed] = []
        self.added = 0

    def add(self, rules: list[FaultRule]) -> None:
        """Put rules in force, after those already there."""
        for rule in rules:
            self.added += 1
            named = rule.model_copy(update={"id": f"fault-{self.added}"})
            alike = sum(1 for other in self.armed if other.rule.kind == rule.kind)
            self.armed.append(Armed(named, f"{rule.kind}-{alike}", self.clock()))

    def clear(self, id: str | None = None) -> int:
        """Lift all rules, or the one of that id; return how many there were."""
        keep = [] if id is None else [a for a in self.armed if a.rule.id != id]
        lifted = len(self.armed) - len(keep)
        self.armed = keep
        return lifted

    def draw(self, kinds: tuple[Kind, ...], sign: Sign) -> FaultRule | None:
        """The first rule of these kinds that hits this request, if any."""
        now_s = self.clock() if self.armed else 0.0
        for armed in self.armed:
            if armed.rule.kind in kinds and armed.fires(sign, self.seed, now_s):
                return armed.rule
        return None

    def listing(self) -> list[dict[str, Any]]:
        """The rules with `seen` (matching requests) and `hits` so far."""
        return [
            {**a.rule.model_dump(exclude_none=True), "seen": a.seen, "hits": a.hits}
            for a in self.armed
        ]


def read_rules(body: Any) -> list[FaultRule]:
    """Rules from one, a list, or {"rules": [...], "seed": n}; all are checked before any counts.

    Raises:
        BadRequest: a rule is wrong; the message names its field.
    """
    if isinstance(body, dict) and "rules" in body and set(body) <= {"rules", "seed"}:
        body = body["rules"]
    rows = body if isinstance(body, list) else [body]
    rules = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise BadRequest(f"rules.{place}: expected a JSON object, got {row!r}.", field="rules")
        try:
            rules.append(FaultRule.model_validate({k: v for k, v in row.items() if k != "id"}))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(["rules", str(place), *(str(step) for step in first["loc"])])
            got = "" if first["type"] == "missing" else f"; got {first['input']!r}"
            raise BadRequest(f"{name}: {first['msg']}{got}.", field=name) from error
    return rules


def read_seed(body: Any) -> int | None:
    """The seed that comes with rules, for the dice; None where there is none.

    Raises:
        BadRequest: it is no whole number.
    """
    seed = body.get("seed") if isinstance(body, dict) else None
    if seed is not None and type(seed) is not int:
        raise BadRequest(f"seed: expected a whole number, got {seed!r}.", field="seed")
    return seed
