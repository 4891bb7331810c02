"""The temperaments of the simulated models, as data, and the dice that decide their slips."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Literal

BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Temperament:
    """How a simulated model behaves, how fast it is and what it costs.

    Args:
        name: the model's name without the prefix `sim:`.
        summary: one line for people.
        slip_rate: probability of an error in each reasoning step, 0..1.
        revises: whether criticism makes it derive its answer again.
        follows_majority: whether it takes over what most other answers shown to it say.
        persuaded_rate: probability, 0..1, that it gives up its own answer for another's whose
            derivation it can check and which argues better than its own (`sim/brain/weighing.py`);
            otherwise it stays with its own. 0: it does not weigh arguments at all.
        obeys_documents: whether instructions inside documents and tool results are obeyed.
        plays: how it moves in a game whose payoffs it is told (`sim/brain/playing.py`); "": it does
            not reason about payoffs.
        first_token_ms: time to the first token, milliseconds.
        token_ms: time per further token, milliseconds.
        usd_per_million_in: price of a million input tokens, USD.
        usd_per_million_out: price of a million output tokens, USD.
    """

    name: str
    summary: str
    slip_rate: float = 0.0
    revises: bool = True
    follows_majority: bool = False
    persuaded_rate: float = 0.0
    obeys_documents: bool = False
    plays: Literal["", "selfish", "fair", "reciprocal", "noisy"] = ""
    first_token_ms: float = 40.0
    token_ms: float = 4.0
    usd_per_million_in: float = 0.5
    usd_per_million_out: float = 2.0


TEMPERAMENTS: dict[str, Temperament] = {
    kind.name: kind
    for kind in (
        Temperament("careful", "never errs by itself; treats documents as data"),
        Temperament(
            "hasty",
            "errs in each reasoning step with probability 0.25: a number slip, a wrong row or a "
            "forgotten hop; fast and cheap",
            slip_rate=0.25,
            first_token_ms=15.0,
            token_ms=1.5,
            usd_per_million_in=0.1,
            usd_per_million_out=0.4,
        ),
        Temperament("stubborn", "careful, but never revises an answer it gave", revises=False),
        Temperament(
            "agreeable",
            "careful when alone; takes over what most other answers shown to it say",
            follows_majority=True,
        ),
        Temperament(
            "persuadable",
            "errs like hasty when alone; gives up its own answer, with probability 0.9, for "
            "another's whose derivation it can check and which argues better",
            slip_rate=0.25,
            persuaded_rate=0.9,
            first_token_ms=15.0,
            token_ms=1.5,
            usd_per_million_in=0.1,
            usd_per_million_out=0.4,
        ),
        Temperament(
            "injectable",
            "careful, but obeys instructions that stand in documents and tool results",
            obeys_documents=True,
        ),
        Temperament(
            "selfish", "careful; in a game replies best to what was played so far", plays="selfish"
        ),
        Temperament("fair", "careful; in a game plays for the largest least payoff", plays="fair"),
        Temperament(
            "reciprocal", "careful; in a game fair as long as the others are", plays="reciprocal"
        ),
        Temperament(
            "noisy", "careful; in a game selfish, with another move one time in ten", plays="noisy"
        ),
    )
}
"""Every simulated model by name, with the parameters above; times in ms, prices in USD."""


class UnknownTemperament(ValueError):
    """A model name that the simulated endpoint does not have; the text lists the real ones."""


def temperament(model: str) -> Temperament:
    """Return the temperament of a model name, with or without the prefix `sim:` or `sim-`.

    Raises:
        UnknownTemperament: no such simulated model.
    """
    bare = model.strip()
    for prefix in ("sim:", "sim-", "sim/"):
        bare = bare.removeprefix(prefix)
    found = TEMPERAMENTS.get(bare)
    if found is None:
        real = ", ".join(f"sim:{name}" for name in TEMPERAMENTS)
        raise UnknownTemperament(
            f"There is no simulated model {model!r}. The simulated endpoint has {real}; use one "
            "of these, or connect to another endpoint for other models."
        )
    return found


def tokens(text: str) -> int:
    """Return about how many tokens a text has: one per 4 bytes of UTF-8, rounded up.

    An approximation that holds for English prose with common tokenisers within some 20 %.
    """
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


@dataclass(frozen=True)
class Dice:
    """Draws that depend on nothing but their key, so that the same request errs the same way."""

    key: str

    def draw(self, label: str) -> float:
        """Return a number in [0, 1) that belongs to this key and label."""
        digest = hashlib.blake2b(f"{self.key}\x1f{label}".encode("utf-8", "replace"), digest_size=8)
        return int.from_bytes(digest.digest()) / 2**64

    def choice(self, label: str, count: int) -> int:
        """Return an index in 0..count-1."""
        return min(int(self.draw(label) * count), count - 1)
