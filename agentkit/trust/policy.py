"""Policies: which influence may do what. Values, so that they are tested without a model.

    policy = Policy(
        sources={"tool:read_mail": PRIVATE | UNTRUSTED, "tool:tariff": CLEAN},
        clears={"tool:tariff": "secret"},
        on_influence="ask",
    )
    policy.decide("tool:pay", effect="once", label=UNTRUSTED).verdict     # "ask"

The two rules are those of FIDES (Costa et al. 2025, section 5): trusted action (what has an effect
is decided on nothing that came from outside) and permitted flow (words go nowhere they are not
cleared for). The third keeps memories as they are declared (Biba 1977: no write up).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import ValidationError, field_validator

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.events import Effect
from agentkit.messages import JSON, Frozen
from agentkit.trust.labels import CLEAN, KEPT, UNTRUSTED, Confidentiality, Label
from agentkit.trust.notes import Rule, Verdict

Kind = Literal["number", "boolean", "enum"]

PLACES = ("tool", "memory", "remote", "model", "file", "data", "mcp", "spec", "client", "before",
          "trial", "run", "person", "a2a", "text")  # fmt: skip
"""What the name of a source or step begins with."""

DEFAULTS = {"memory": KEPT, "file": KEPT, "before": KEPT, "person": CLEAN, "text": KEPT}
"""What comes from there without a word about it; from anywhere else it is untrusted."""

NAMES = 1000
"""Places that a policy remembers its word about."""

STRICTNESS: tuple[Verdict, ...] = ("allow", "ask", "refuse")


@dataclass(frozen=True)
class Ruling:
    """What a policy says of one step."""

    verdict: Verdict
    rule: Rule
    reason: str


class Policy(Frozen):
    """Who may do what under whose influence. Names are "tool:pay", and patterns as "memory:*"."""

    name: str = "policy"
    sources: dict[str, Label] = {}
    """What comes from where; see DEFAULTS for the rest. Of a memory it is also the worst that may
    be written there."""
    on_influence: Verdict = "refuse"
    """What becomes of a tool or remote call of one of `effects` that was decided under the
    influence of something untrusted."""
    on_outflow: Verdict = "refuse"
    """What becomes of a call whose caller knows more than the callee is cleared for."""
    on_write: Verdict = "refuse"
    """What becomes of a write into a memory that is declared better than what is written."""
    effects: tuple[Effect, ...] = ("once", "idempotent")
    """Which calls are actions; what is pure is not one, unless `acts` names it."""
    acts: dict[str, Verdict] = {}
    """Of single steps, in place of `on_influence`: {"tool:fetch": "refuse", "tool:log": "allow"}.
    A pure one that is named here is an action, too."""
    clears: dict[str, Confidentiality] = {}
    """Up to what a step may be told; one that is not named, what its own source has, else what is
    public. Models are asked about only where one is named, as "model:openai*"."""
    believes: tuple[str, ...] = ()
    """Peers whose own word about labels counts, "mcp:files"; of others it can only make worse."""
    pins: dict[str, str] = {}
    """Digests of descriptions of tools that somebody has read, by "mcp:SERVER/TOOL"; see
    `agentkit.trust.pins`. Others, and those that have changed, are words from outside."""
    lifts: tuple[Kind, ...] = ("number", "boolean", "enum")
    """Of which kind a value counts as no order, although it came from outside."""

    @field_validator("sources", "acts", "clears")
    @classmethod
    def _named(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in given:
            place, colon, rest = name.partition(":")
            if not colon or not rest or place not in PLACES:
                raise ValueError(f'{name!r} names nothing; "tool:pay" or "memory:*" would')
        return given

    def source(self, name: str) -> Label:
        """What comes from there."""
        if name in self._known:
            return self._known[name]
        found: Label | None = matching(self.sources, name)
        if found is None:
            found = DEFAULTS.get(name.partition(":")[0], UNTRUSTED)
        if len(self._known) >= NAMES:  # Names of files and data are anybody's.
            self._known.clear()
        self._known[name] = found
        return found

    def clearance(self, name: str) -> Confidentiality:
        """Up to what it may be told."""
        found: Confidentiality | None = matching(self.clears, name)
        if found is not None:
            return found
        declared: Label | None = matching(self.sources, name)
        return "public" if declared is None else declared.confidentiality

    def believed(self, peer: str, said: Label | None) -> Label:
        """The label of what a peer sent.

        Args:
            peer: "mcp:files", "a2a:partner", ...
            said: what it says of it itself, if anything.
        """
        own = self.source(peer)
        if said is None:
            return own
        return said if any(fnmatch.fnmatchcase(peer, one) for one in self.believes) else own | said

    def decide(self, step: str, *, effect: Effect, label: Label) -> Ruling | None:
        """What it says of a step; None where nothing is to be said against it.

        Args:
            step: its kind and name, "tool:pay".
            effect: what a second performance does.
            label: of all that whoever decided on it knew.
        """
        if label.clean:
            return None
        place = step.partition(":")[0]
        found = [
            self._influence(step, place, effect, label),
            self._outflow(step, place, label),
            self._write(step, place, effect, label),
        ]
        said = [one for one in found if one is not None]
        return max(said, key=lambda one: STRICTNESS.index(one.verdict), default=None)

    def _influence(self, step: str, place: str, effect: Effect, label: Label) -> Ruling | None:
        if place not in ("tool", "remote") or not label.untrusted:
            return None
        own = matching(self.acts, step)
        if own is None and effect not in self.effects:
            return None
        verdict = self.on_influence if own is None else own
        reason = "It was decided under the influence of words from outside, and it has an effect."
        return Ruling(verdict, "influence", reason)

    def _outflow(self, step: str, place: str, label: Label) -> Ruling | None:
        if place == "model" and matching(self.clears, step) is None:
            return None
        if place not in ("tool", "remote", "model"):
            return None
        level = self.clearance(step)
        if label.cleared_to(level):
            return None
        knows = f"Whoever decided on it knows what is {label.confidentiality}"
        return Ruling(
            self.on_outflow, "outflow", f"{knows}, and it is cleared for what is {level}."
        )

    def _write(self, step: str, place: str, effect: Effect, label: Label) -> Ruling | None:
        if place != "memory" or effect == "pure" or label <= (holds := self.source(step)):
            return None
        would = f"What would be written is {label}"
        return Ruling(self.on_write, "write", f"{would}, and it is declared to hold {holds}.")

    def with_(self, **changes: Any) -> Self:
        """Make a changed copy.

        Raises:
            SetupError: a change that a policy does not take.
        """
        return type(self).of({**self.form(), **changes})

    def form(self) -> dict[str, JSON]:
        """As the log keeps it."""
        return {**self._form}

    @cached_property
    def _known(self) -> dict[str, Label]:
        """What comes from the places that were asked about."""
        return {}

    @cached_property
    def judges_models(self) -> bool:
        """Whether it says anything of what a model may be told."""
        return any(name.startswith("model:") for name in self.clears)

    @cached_property
    def _form(self) -> dict[str, JSON]:
        kept: dict[str, JSON] = self.model_dump(mode="json", exclude_defaults=True)
        return kept

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """A policy from its form.

        Raises:
            SetupError: it is none that this version knows. A policy that is not understood
                allows nothing.
        """
        unknown = sorted(set(form) - set(cls.model_fields))
        try:
            if not unknown:
                return cls.model_validate(form)
            wrong = f"it has no {', '.join(unknown)}"
        except ValidationError as error:
            first = error.errors()[0]
            wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise SetupError(
            f"That is no policy: {wrong}.", expected=f"of {', '.join(cls.model_fields)}"
        )


def matching(table: Mapping[str, Any], name: str) -> Any:
    """What a table says of a name: by itself, else by the longest pattern that fits; else None."""
    if name in table:
        return table[name]
    fits = [one for one in table if fnmatch.fnmatchcase(name, one)]
    return table[max(fits, key=len)] if fits else None


OFF = Policy(name="off", on_influence="allow", on_outflow="allow", on_write="allow")
"""Decides nothing; a run that had a policy goes on without one only if it is given this."""


__getattr__ = moved(__name__, {"Decision": f"{__name__}:Ruling"})
