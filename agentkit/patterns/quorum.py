"""A quorum: ask all the same, and go on as soon as k of them give the same answer.

Sources: Gifford 1979, Weighted Voting for Replicated Data (enough copies must say the same);
Malkhi & Reiter 1998, Byzantine Quorum Systems: with k > (n + f) / 2 no two answers can both
get k of n, whatever f liars say. Whoever is late is cancelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.tally import Key, QuorumMet, answer_value, ballots, elect
from agentkit.patterns.parts.team import at_least, members
from agentkit.typed import Output


def quorum(
    actors: Sequence[Actor],
    k: int,
    *,
    deadline_s: float | None = None,
    key: Key = answer_value,
    name: str = "quorum",
) -> Pattern:
    """Make a team that answers once k of its members agree.

    Args:
        actors: who is asked, all at once, each with a seed of its own.
        k: how many must give the same answer, 1 to their number.
        deadline_s: seconds after which it is too late.
        key: which answers are the same.
        name: of the team.

    Raises:
        SetupError: k is 0 or larger than the team.
    """
    team = members(actors)
    at_least(1, k=k)
    if k > len(team):
        raise SetupError(f"{k} of {len(team)} cannot agree.", expected=f"k from 1 to {len(team)}")

    def agreed(answers: list[Any]) -> bool:
        counts = Counter(ballots({str(n): one for n, one in enumerate(answers)}, key).values())
        del counts[None]
        return max(counts.values(), default=0) >= k

    async def asked(task: JSON, output: Output = None) -> Answer:
        """Ask all; answer once enough agree."""
        found = await gather(
            *[one(task, output=output, sample=n) for n, one in enumerate(team)],
            join=agreed,
            deadline_s=deadline_s,
        )
        lost = {one.index: one.reason for one in found.missing}
        names = [one.name for n, one in enumerate(team) if n not in lost]
        answer = elect(dict(zip(names, found, strict=True)), key=key, noted=QuorumMet)
        if not agreed(found):
            raise BadOutput(
                f"No {k} of {len(team)} agree: {len(found)} answered, {len(lost)} did not.",
                expected=f"{k} equal answers",
                todo="lower k, ask more, or look with %transcript at what they say",
            )
        return answer

    return Pattern(asked, name, team)
