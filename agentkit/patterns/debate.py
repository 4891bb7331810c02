"""Multiagent debate: answer alone, read the others' answers, answer again, take the majority.

Source: Du, Li, Torralba, Tenenbaum & Mordatch 2023, Improving Factuality and Reasoning in
Language Models through Multiagent Debate, section 2 and figure 3 (the short and the long
prompt); roles and summaries of the others' answers are in its section 3.3. N agents in R
rounds make N x R calls, the first round being the one without others; round r sees only
answers of round r-1 (the authors' gsm/gen_gsm.py reads them at index 2*round-1 and asks one
agent after the other; here a round is asked at once, which gives the same). Their script
has 3 agents and 2 rounds. Each agent goes on with its own conversation, as there; ours also
quotes its last answer, for members that have no conversation. Early stop and a judge are
options of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BudgetSpent, SetupError, safe_repr
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.judge import decide
from agentkit.patterns.parts.asking import by_name, everyone, partial
from agentkit.patterns.parts.notes import FellBack, PartialAnswer, Stopped
from agentkit.patterns.parts.tally import Key, answer_value, ballots, elect
from agentkit.patterns.parts.team import FAILURES, at_least, flat, members, text_of
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output

URGE = {
    "short": "Based on the opinions of the other agents, give an updated answer.",
    "long": "Using the opinions of the other agents as additional advice, give your updated "
    "answer.",
}


class RoundHeld(Note):
    """What everybody holds after a round of a debate."""

    topic = "debate"
    round: int | None = None
    answers: dict[str, str | None]
    changed: tuple[str, ...] = ()
    """Who holds something else than before."""


def debate(
    actors: Sequence[Actor],
    rounds: int = 2,
    *,
    prompt: Literal["long", "short"] = "long",
    roles: Mapping[str, str] | None = None,
    summariser: Actor | None = None,
    judge: Actor | None = None,
    stop_early: bool = False,
    key: Key = answer_value,
    name: str = "debate",
) -> Pattern:
    """Make a team that debates.

    A member that fails in a round stands by its last answer; once nothing more can be
    paid, the last round that was answered decides.

    Args:
        actors: who debates, at least 2.
        rounds: 1 or more, the first without others included; 1 is a plain vote.
        prompt: "short" makes them agree sooner, "long" makes them more stubborn (section 2.2).
        roles: by name, what a member is told about its part.
        summariser: puts the others' answers together before a member reads them.
        judge: chooses among the last answers instead of the majority.
        stop_early: stop as soon as all give the same answer.
        key: which answers are the same.
        name: of the team.

    Raises:
        SetupError: fewer than 2 members, no round, an unknown prompt, a role for nobody.
    """
    team = members(actors, at_least=2)
    at_least(1, rounds=rounds)
    strangers = sorted(set(roles or {}) - {one.name for one in team})
    if prompt not in URGE or strangers:
        wrong = (
            f"roles for {', '.join(strangers)}" if strangers else f"the prompt {safe_repr(prompt)}"
        )
        raise SetupError(f"A debate has no {wrong}.", expected="long or short; roles of members")
    helpers = [one for one in (summariser, judge) if one is not None]

    def part(actor: Actor) -> str:
        role = (roles or {}).get(actor.name)
        return f"\nYour part in this debate: {role}" if role else ""

    async def reading(actor: Actor, task: str, last: Mapping[str, Answer]) -> str:
        others = [flat(a.text) for n, a in last.items() if n != actor.name]
        lines = "\n".join(f"- agent {n}: {text}" for n, text in enumerate(others, 1))
        if summariser is not None:
            lines = flat((await summariser(f"Summarise these answers of agents:\n{lines}")).text)
            lines = f"- agents: {lines}"
        own = last.get(actor.name)
        mine = f"Your answer: {flat(own.text)}\n" if own else ""
        return (
            f"Question: {task}\n{mine}Answers of the other agents:\n{lines}\n{URGE[prompt]}"
            f"{part(actor)}"
        )

    async def debated(task: JSON, output: Output = None) -> Answer:
        """Answer alone, read the others' answers, answer again; most decide."""
        question, last, lost = text_of(task), dict[str, Answer](), dict[str, str]()
        reason = ""
        for number in range(1, rounds + 1):
            discard(lost)
            prompts = {one.name: f"{question}{part(one)}" for one in team}
            try:
                if last:
                    texts = await gather(*[reading(one, question, last) for one in team])
                    prompts = dict(zip(prompts, texts, strict=True))
                found, lost = await everyone(team, by_name(prompts), output=output, after=last)
            except FAILURES as error:
                if not last:
                    raise
                reason = f"round {number}: {error.what}"
                lacking(f"round {number} of {rounds} ({type(error).__name__}: {error.what})")
                note(PartialAnswer(round=number, reason=reason))
                lost = {one.name: reason for one in team}
                break
            discard(*(last[who] for who in found if who in last))
            before = ballots(last, key)
            last = {one.name: a for one in team if (a := found.get(one.name, last.get(one.name)))}
            given = ballots(last, key)
            changed = [n for n in given if n in before and given[n] != before[n]]
            agreed = len(set(given.values())) == 1 and None not in given.values()
            note(RoundHeld(round=number, answers=given, changed=tuple(changed)))
            if agreed and stop_early and number < rounds:
                note(Stopped(round=number, reason="all give the same answer"))
                break
        return partial(await chosen(question, last), list(lost), output, reason or "failed")

    async def chosen(question: str, last: dict[str, Answer]) -> Answer:
        if judge is not None and len(last) > 1:
            try:
                return await decide(judge, question, last, key=key)
            except BudgetSpent as error:
                note(FellBack(to="majority", reason=str(error.what)))
                lacking(f"the verdict of {judge.name} ({type(error).__name__}: {error.what})")
        return elect(last, key=key)

    return Pattern(debated, name, [*team, *helpers])
