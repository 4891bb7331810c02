"""Who speaks next: in turn, by chance, by a rule, a model's, a person's or everybody's choice.

Source: AutoGen's RoundRobinGroupChat and SelectorGroupChat (its prompt's content, the
last speaker not twice, three attempts at a name, and then the last speaker again or at
the beginning the first member) and the manual, random and callable selections of the
GroupChat of AutoGen 0.2. A vote is not among them; its rules are our choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial as later

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError, UnknownActor, full_text, safe_repr
from agentkit.messages import Frozen
from agentkit.patterns.parts.asking import settled
from agentkit.patterns.parts.forms import filled, naming
from agentkit.patterns.parts.notes import Unselected
from agentkit.patterns.parts.stops import Chat
from agentkit.patterns.parts.team import FAILURES, at_least, called, team_in_line
from agentkit.person import Question
from agentkit.run import current_run
from agentkit.scope import note


class NextSpeaker(Frozen):
    """Who speaks next, and why."""

    name: str
    reason: str


Selector = Callable[[Chat, Sequence[Actor]], Awaitable[NextSpeaker]]
"""From the conversation and the team to the next speaker."""


class Next(BaseModel):
    """The next speaker, as a model names one."""

    next: str
    reason: str


def round_robin() -> Selector:
    """Let everybody speak in their order, again and again."""

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        name = chat.names[len(chat.turns) % len(chat.names)]
        return NextSpeaker(name=name, reason="it is their turn")

    return select


def at_random(*, repeat: bool = False) -> Selector:
    """Draw the speaker, each as likely as any other; the last one only if repeat."""

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        names = eligible(chat, repeat)
        drawn = await current_run().random()
        return NextSpeaker(name=names[int(drawn * len(names))], reason=f"drawn: {drawn:.3f}")

    return select


def by_rule(rule: Callable[[Chat], str | None], otherwise: Selector | None = None) -> Selector:
    """Let a function of the conversation name the speaker; `otherwise` decides when it says None.

    Raises:
        SetupError: on asking: it raises.
        UnknownActor: on asking: it names somebody else, or None without an `otherwise`.
    """

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        try:
            said = rule(chat)
        except Exception as error:
            raise SetupError(
                f"The rule that selects the speaker failed: {full_text(error)}",
                expected="the name of a member, or None",
            ) from error
        if said is None and otherwise is not None:
            return await otherwise(chat, team)
        if said not in chat.names:
            raise UnknownActor(
                f"The rule named {safe_repr(said)} as next speaker.",
                expected=f"one of {names_of(chat)}",
            )
        return NextSpeaker(name=said, reason="the rule says so")

    return select


def by_model(chooser: Actor, *, repeat: bool = False, attempts: int = 3) -> Selector:
    """Let an actor that reads the conversation name the speaker.

    Args:
        chooser: who chooses; not a member.
        repeat: whether the last speaker may be named again.
        attempts: how often it is asked; then the last speaker goes on, or the first begins.
    """
    at_least(1, attempts=attempts)

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        names, wrong = eligible(chat, repeat), ""
        if len(names) == 1:
            return NextSpeaker(name=names[0], reason="there is nobody else")
        for _ in range(attempts):
            try:
                shape = naming(Next, "next", names=names)
                said = await chooser(wrong + asking(chat, team, names), output=shape)
                answer = filled(Next, said)
            except FAILURES as error:
                wrong = error.what
                note(Unselected(reason=f"{type(error).__name__}: {error.what}"))
                break
            found = called(answer.next, team)
            if found is not None and found.name in names:
                return NextSpeaker(name=found.name, reason=answer.reason)
            wrong = f"{safe_repr(answer.next)} cannot be chosen. "
            note(Unselected(said=answer.next, reason="not a name to choose from"))
        return NextSpeaker(
            name=chat.last or names[0], reason=f"{chooser.name} named nobody: {wrong}"
        )

    return select


def by_person(*, timeout_s: float | None = None) -> Selector:
    """Let the person before the screen choose; who gives no name leaves it to the order."""

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        default = chat.names[len(chat.turns) % len(chat.names)]
        question = Question(
            text=f"Who speaks next?\n{chat}".strip(),
            options=chat.names,
            default=default,
            timeout_s=timeout_s,
        )
        found = called(await current_run().ask_person(question), team)
        if found is None:
            return NextSpeaker(name=default, reason="the person named nobody, so it is their turn")
        return NextSpeaker(name=found.name, reason="the person chose")

    return select


def by_vote(*, repeat: bool = False) -> Selector:
    """Let every member name somebody; most votes, then fewest turns so far, then order, win.

    Who names nobody abstains, and who fails does too; when all do, the order decides.
    """

    async def select(chat: Chat, team: Sequence[Actor]) -> NextSpeaker:
        names = eligible(chat, repeat)
        question = asking(chat, team, names)
        shape = naming(Next, "next", names=names)
        ballots = await settled([later(one, question, output=shape) for one in team])
        votes: Counter[str] = Counter()
        for ballot in ballots:
            found = None
            if isinstance(ballot, Answer):
                with suppress(BadOutput):
                    found = called(filled(Next, ballot).next, team)
            if found is not None and found.name in names:
                votes[found.name] += 1
        winner = min(
            names, key=lambda one: (-votes[one], chat.counts.get(one, 0), names.index(one))
        )
        abstained = len(team) - votes.total()
        counted = ", ".join(f"{one} {votes[one]}" for one in names if votes[one]) or "no vote"
        return NextSpeaker(name=winner, reason=f"votes: {counted}; abstentions: {abstained}")

    return select


def eligible(chat: Chat, repeat: bool) -> list[str]:
    """Return the names to choose from."""
    others = [one for one in chat.names if repeat or one != chat.last]
    return others or list(chat.names)


def asking(chat: Chat, team: Sequence[Actor], names: Sequence[str]) -> str:
    """Return the question for a speaker, as an actor is asked it."""
    choose = [one for one in team if one.name in names]
    return (
        f"Who should speak next?\n\nTeam: {team_in_line(choose)}\n\n"
        f"Conversation:\n{chat or '(nobody has spoken)'}\n\nRequest: {chat.task}"
    )


def names_of(chat: Chat) -> str:
    """Return the members' names for an error's text."""
    return ", ".join(chat.names)
