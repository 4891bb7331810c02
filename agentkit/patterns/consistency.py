"""Self-consistency: ask one actor several times and take the answer it gives most often.

Source: Wang et al. 2023, Self-Consistency Improves Chain of Thought Reasoning in Language
Models, section 2: sample a set of reasoning paths, keep the most consistent answer (the
unweighted sum over paths, the best rule of their table 1 or as good as it). The paper
samples 40 paths with a temperature of 0.5 to 0.7; the temperature is the actor's own. A
sample is the same ask with another seed.
"""

from __future__ import annotations

from functools import partial as later

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import all_that_answer, partial, renamed
from agentkit.patterns.parts.tally import Key, answer_value, elect
from agentkit.patterns.parts.team import at_least, members
from agentkit.typed import Output


def self_consistency(
    actor: Actor, samples: int = 5, *, key: Key = answer_value, name: str = "self_consistency"
) -> Pattern:
    """Make an actor that asks another several times and answers with the majority.

    Samples that fail are counted as missing; a tie goes to the earlier sample.

    Args:
        actor: who is asked; at temperature 0 a real endpoint gives equal samples.
        samples: 1 or more; 5 is our choice.
        key: which answers are the same.
        name: of the new actor.

    Raises:
        SetupError: no sample.
    """
    members([actor])
    at_least(1, samples=samples)

    async def sampled(task: JSON, output: Output = None) -> Answer:
        """Ask several times; the answer given most often."""
        answers, lost = await draw(actor, task, output, samples)
        return partial(elect(answers, key=key), list(lost), output, "failed")

    return Pattern(sampled, name, [actor])


async def draw(
    actor: Actor, task: JSON, output: Output, samples: int
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Samples of an actor, and why others failed, by name: sample 0, sample 1, ...

    Raises:
        AgentkitError: all failed; the last failure.
    """
    names = [f"sample {place}" for place in range(samples)]
    found, lost = await all_that_answer(
        [later(actor, task, output=output, sample=place) for place in range(samples)], names
    )
    return {names[place]: answer for place, answer in found.items()}, renamed(lost, names)
