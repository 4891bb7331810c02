"""Where a request is performed and charged, once per Idempotency-Key."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from agentkit.sim.brain.temperaments import temperament
from agentkit.sim.brain.thought import BrainRequest, Say, Unfillable
from agentkit.sim.server.damage import damageable, damaged
from agentkit.sim.server.faults import DAMAGING, FaultRules, Sign
from agentkit.sim.server.wire import (
    BadRequest,
    Stop,
    WireReply,
    WireRequest,
    calls_of,
    digest,
    finished,
)

REMEMBERED = 100_000
MOST_ACTORS = 10_000
OTHERS = "(others)"
"""The account of all actors after the first ones: any header may name another actor."""

T = TypeVar("T")


@dataclass
class Charges:
    """What was used: calls that came in, calls performed and charged, tokens, USD."""

    calls: int = 0
    charged: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0

    def charge(self, tokens_in: int, tokens_out: int, cost_usd: float) -> None:
        """Enter one performed request."""
        self.charged += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.cost_usd += cost_usd

    def listing(self) -> dict[str, Any]:
        """The account as JSON."""
        return {**vars(self), "cost_usd": round(self.cost_usd, 9)}


@dataclass
class Stats:
    """The server's own books, against which a client's bill can be checked."""

    total: Charges = field(default_factory=Charges)
    models: dict[str, Charges] = field(default_factory=dict)
    actors: dict[str, Charges] = field(default_factory=dict)
    repeated: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def accounts(self, sign: Sign) -> list[Charges]:
        """The accounts that this request goes to."""
        model = self.models.setdefault(sign.model, Charges())
        if sign.actor is None:
            return [self.total, model]
        known = sign.actor in self.actors or len(self.actors) < MOST_ACTORS
        name = sign.actor if known else OTHERS
        return [self.total, model, self.actors.setdefault(name, Charges())]

    def listing(self) -> dict[str, Any]:
        """The books as JSON."""
        return {
            **self.total.listing(),
            "repeated": self.repeated,
            "models": {name: account.listing() for name, account in self.models.items()},
            "actors": {name: account.listing() for name, account in self.actors.items()},
            "faults": dict(self.faults),
        }


class Desk:
    """Performs requests: asks the brain, adds the model's own faults, charges, remembers.

    Args:
        respond: the brain.
        faults: the rules in force.
        clock: Unix seconds.
    """

    def __init__(
        self, respond: Callable[[BrainRequest], Say], faults: FaultRules, clock: Callable[[], float]
    ) -> None:
        self.respond, self.faults, self.clock = respond, faults, clock
        self.stats = Stats()
        self.done: OrderedDict[str, tuple[str, Any]] = OrderedDict()

    def once(self, sign: Sign, key: str | None, work: Callable[[], T]) -> T:
        """What work returns; what it already returned for this key comes again, free of charge.

        Raises:
            BadRequest: 422, the key came before with another request
                (IETF draft Idempotency-Key header, section 2.7).
        """
        if key is None:
            return work()
        if key in self.done:
            asked, result = self.done[key]
            if asked != sign.digest:
                raise BadRequest(
                    f"Idempotency-Key {key!r} was used before with another request; use a new key "
                    "for a new request.",
                    status=422,
                    code="idempotency_key_reused",
                )
            self.stats.repeated += 1
            return cast(T, result)
        result = work()
        self.done[key] = (sign.digest, result)
        if len(self.done) > REMEMBERED:
            self.done.popitem(last=False)
        return result

    def perform(self, wanted: WireRequest, sign: Sign, key: str | None) -> WireReply:
        """The reply to a request, performed once per key."""
        return self.once(sign, key, lambda: self.work(wanted, sign))

    def embed(self, sign: Sign, key: str | None, size: int) -> None:
        """Charge for embedding so many tokens, once per key; it costs no money."""

        def work() -> None:
            for account in self.stats.accounts(sign):
                account.charge(size, 0, 0.0)

        self.once(sign, key, work)

    def work(self, wanted: WireRequest, sign: Sign) -> WireReply:
        """Ask the brain and charge for it."""
        say = self.heard(wanted)
        finish: Stop = "refusal" if say.refusal else "calls" if say.calls else "stop"
        reply = WireReply(
            id=sign.digest[:24],
            model=wanted.ask.model,
            text=say.text,
            calls=calls_of(say, sign.digest),
            refusal=say.refusal,
            finish=finish,
            tokens_in=wanted.tokens_in,
            tokens_out=0,
            created=int(self.clock()),
        )
        reply = finished(reply, wanted)
        kinds = tuple(kind for kind in DAMAGING if damageable(kind, reply, wanted))
        rule = self.faults.draw(kinds, sign)
        if rule is not None:
            self.stats.faults[rule.kind] += 1
            reply = damaged(rule.kind, reply, wanted)
        kind = temperament(wanted.ask.model)
        cost = (
            reply.tokens_in * kind.usd_per_million_in + reply.tokens_out * kind.usd_per_million_out
        ) / 1e6
        for account in self.stats.accounts(sign):
            account.charge(reply.tokens_in, reply.tokens_out, cost)
        return reply

    def heard(self, wanted: WireRequest) -> Say:
        """What the brain says, kept to what the request allows."""
        ask = wanted.ask
        try:
            say = self.respond(ask)
        except Unfillable as error:
            raise BadRequest(str(error), field="schema", code="invalid_schema") from error
        if ask.tool_choice == "none":
            say = replace(say, calls=())
        if not ask.parallel:
            say = replace(say, calls=say.calls[:1])
        if wanted.any_json and not say.calls and not say.refusal and not holds_facts(say.text):
            plain = self.respond(replace(ask, schema=None))
            text = plain.text if holds_facts(plain.text) else json.dumps({"answer": plain.text})
            say = replace(plain, text="" if plain.calls else text)
        return say


def holds_facts(text: str) -> bool:
    """Whether the text is a JSON object that says anything."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return False
    return isinstance(parsed, dict) and bool(parsed)


def sign_of(wanted: WireRequest, actor: str | None, model: str) -> Sign:
    """What identifies a request: all that shapes the reply, not how it is delivered."""
    return Sign(actor, model, digest(wanted.ask, wanted.max_tokens, wanted.stops))
