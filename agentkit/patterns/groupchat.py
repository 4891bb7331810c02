"""Group chat: one member speaks at a time, and everybody hears it.

Source: Wu et al. 2023, AutoGen, section 3, A5 Dynamic Group Chat (the manager repeats
three steps: select a speaker, ask, broadcast) and the group chats of AutoGen 0.4 and
Microsoft Agent Framework. There members keep the messages they received; here each is given the
whole conversation when it speaks, which is the same history, and the broadcast is
recorded as a message to every other member. There a chat without a stop never ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import UnknownActor, safe_repr
from agentkit.messages import JSON, Message, Thread, extend
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.notes import Stopped
from agentkit.patterns.parts.selectors import NextSpeaker, Selector, round_robin
from agentkit.patterns.parts.stops import Chat, Condition, Turn, given_up
from agentkit.patterns.parts.team import FAILURES, at_least, members, text_of, unfinished
from agentkit.performer import tell
from agentkit.run import current_run
from agentkit.scope import current_scope, lacking, note
from agentkit.typed import Output


class SpeakerChosen(Note):
    """Who speaks next, and why."""

    topic = "speaker"
    says = "{speaker} speaks next: {reason}"
    speaker: str
    reason: str = ""
    turns: dict[str, int] = {}
    """How many each has with it."""


def groupchat(
    actors: Sequence[Actor],
    *,
    select: Selector | None = None,
    stop: Condition | None = None,
    max_turns: int = 12,
    closer: Actor | None = None,
    name: str = "chat",
) -> Actor:
    """Make a team that talks about a task, one at a time.

    Args:
        actors: the members.
        select: who speaks next (agentkit.patterns.parts.selectors); in turn by default.
        stop: when it ends (agentkit.patterns.parts.stops), as `said("DONE") | turns(6)`.
        max_turns: it ends then in any case, 1 or more; our choice. Ended by this or by
            another bound before `stop` found what it looks for, the answer says so.
        closer: answers from the conversation; without one the last turn is the answer.
        name: of the team.

    Returns:
        An actor. Notes: speaker (with the reason, and how often each has spoken), stop
        (with who never spoke), unselected, partial; and a message of purpose "say" from
        each speaker to each other member.

    Raises:
        SetupError: no members, a name twice, no turns.
        UnknownActor: on asking: a selector of yours names nobody of the team.
    """
    team = members(actors)
    extra = [closer] if closer and closer not in team else []
    everybody = members([*team, *extra])
    at_least(1, max_turns=max_turns)
    chosen_by = select or round_robin()
    by_name = {one.name: one for one in team}

    async def chat_team(task: JSON, output: Output = None) -> Answer:
        run = current_run()
        began = await run.now()
        chat = Chat(task=text_of(task), names=tuple(by_name))
        heard: Thread = ()
        last: Answer | None = None
        while not (reason := (stop and stop(chat)) or full(chat, max_turns)):
            try:
                choice = await chosen_by(chat, team)
                counts = note_turn(chat, choice, name)
                last = await by_name[choice.name](prompt(chat, choice.name))
            except FAILURES as error:
                return unfinished(error, {"chat": str(chat)} if chat.turns else {},
                                  ["the rest of the chat"], output)  # fmt: skip
            turn = Turn(speaker=choice.name, text=last.text)
            heard = broadcast(heard, turn, chat.names)
            used = current_scope().usage
            chat = replace(
                chat,
                turns=(*chat.turns, turn),
                counts=counts,
                seconds=await run.now() - began,
                cost_usd=current_scope().cost_usd or 0.0,
                tokens=used.tokens_in + used.tokens_out,
            )
        if given_up(stop, chat):
            lacking(f"the end that the chat was to come to ({reason})")
        never = [one for one in by_name if not chat.counts.get(one)]
        note(Stopped(reason=reason, turns=len(chat.turns), never_spoke=tuple(never)))
        if closer is None and output is None and last is not None:
            return last
        ending = closer or (by_name[chat.last] if chat.last else team[0])
        try:
            return await ending(f"{prompt(chat, ending.name)}\n\nGive the answer.", output=output)
        except FAILURES as error:
            return unfinished(error, {"chat": str(chat)}, ["the answer"], output)

    return Pattern(chat_team, name, everybody)


def note_turn(chat: Chat, choice: NextSpeaker, name: str) -> dict[str, int]:
    """Note who speaks next, and return how many turns each has with this one.

    Raises:
        UnknownActor: a selector named nobody of the chat.
    """
    if choice.name not in chat.names:
        raise UnknownActor(
            f"The selector of {name} named {safe_repr(choice.name)}.",
            expected=f"one of {', '.join(chat.names)}",
        )
    counts = Counter({**chat.counts})
    counts[choice.name] += 1
    turns = {one: counts[one] for one in chat.names}
    note(SpeakerChosen(speaker=choice.name, reason=choice.reason, turns=turns))
    return dict(counts)


def full(chat: Chat, max_turns: int) -> str | None:
    """Return that the last turn allowed was taken, if it was."""
    return f"{max_turns} turns were taken" if len(chat.turns) >= max_turns else None


def prompt(chat: Chat, name: str) -> str:
    """Return the conversation as the one who speaks next is given it."""
    if not chat.turns:
        return chat.task
    return f"Conversation:\n{chat}\n\nTask: {chat.task}"


def broadcast(heard: Thread, turn: Turn, names: Sequence[str]) -> Thread:
    """Record that everybody else heard a turn; the history's head names all of it."""
    heard = extend(heard, Message(role="user", content=f"{turn.speaker}: {turn.text}"))
    for other in names:
        if other != turn.speaker:
            tell(current_run(), current_scope(), heard, turn.speaker, other, "say")
    return heard
