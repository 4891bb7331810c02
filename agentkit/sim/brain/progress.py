"""Leading a team by a progress ledger: what is known, who has tried what, who is asked next."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agentkit.sim.brain.answering import answer
from agentkit.sim.brain.claims import Claim, colleagues
from agentkit.sim.brain.clauses import answers_nothing, card_of, denies
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.planning import PlannedStep, best_colleagues, plan
from agentkit.sim.brain.scene import Scene, read
from agentkit.sim.brain.social import key_data
from agentkit.sim.brain.thought import DialogTurn, Json

FIELDS = {"is_request_satisfied", "next_speaker"}
REQUEST = re.compile(r"^\W*(?:request|task|question)\W*:\s*(.+)", re.I | re.M | re.S)
LINE = re.compile(r"^(orchestrator to )?([\w.-]+(?: [\w.-]+){0,2}):\s+(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class MemberTurn:
    """One member asked, and what it said."""

    member: str
    asked: str
    said: str = ""


def progress(scene: Scene) -> DraftReply | None:
    """Return the progress ledger, where the schema asks for one; its parts by field name."""
    wanted = set((scene.ask.schema or {}).get("properties", {}))
    found = REQUEST.findall(scene.task)
    staff = colleagues(f"{scene.ask.system}\n{scene.task}", listed_members(scene.task))
    if not wanted >= FIELDS or not found or not staff:
        return None
    request = found[-1].strip()
    rounds = held(scene.task, [one.label for one in staff])
    facts = told_by(rounds)
    whole = reply_to(rounds, request)
    last = Solution(whole, whole) if whole else worked_out(scene, facts, request)
    step, asked = next_step(scene, staff, facts, rounds, request)
    tried = [turn.member for turn in rounds if turn.asked == asked]
    ranked = best_colleagues(staff, step)
    fresh = [one for one in ranked if one.label not in tried]
    member = (fresh or ranked)[0]
    moving = not rounds or bool(fresh) or not answers_nothing(rounds[-1].said)
    looping = len(tried) > len(set(tried))
    parts: dict[str, Json] = {
        "is_request_satisfied": part(last.text, last.known),
        "is_in_loop": part(f"{', '.join(tried) or 'Nobody'} was asked this before.", looping),
        "is_progress_being_made": part(
            f"{member.label} can be asked next." if moving else "Nobody knows more.", moving
        ),
        "next_speaker": part(f"{member.label} fits what is still open best.", member.label),
        "instruction_or_question": part("This is still open.", asked),
    }
    return DraftReply(last.text, last.data, facts=parts, answer=last)


def concluded(scene: Scene) -> DraftReply | None:
    """Return what the conversation answers to the request, where the final answer is asked for."""
    found = REQUEST.findall(scene.task)
    if not found or not re.search(r"\bgive the final answer\b", scene.task, re.IGNORECASE):
        return None
    request = found[-1].strip()
    members = [name for _, name, _ in LINE.findall(scene.task.partition("Conversation:")[2])]
    rounds = held(scene.task, members)
    if said := reply_to(rounds, request):
        data = key_data(said)
        return DraftReply(said, data, facts={"answer": data}, answer=Solution(said, data))
    mine = worked_out(scene, told_by(rounds), request)
    if not mine.known:
        return None
    return DraftReply(mine.text, mine.data, facts={"answer": mine.data}, answer=mine)


def told_by(rounds: list[MemberTurn]) -> list[str]:
    """Return the sentences that members said, without those that deny knowing."""
    return [one for turn in rounds for one in sentences(turn.said) if not denies(one)]


def reply_to(rounds: list[MemberTurn], request: str) -> str:
    """Return what a member that knows it answered to the whole request, or nothing."""
    said = [one.said for one in rounds if one.asked == request and one.said]
    return next((text for text in said if not answers_nothing(text) and not card_of(text)), "")


def part(reason: str, value: Json) -> dict[str, Json]:
    """Return one answered question of the ledger."""
    return {"reason": reason, "answer": value}


def listed_members(task: str) -> list[str] | None:
    """Return the members' names that the question for the next speaker lists in brackets."""
    hit = re.search(r"speak next \(([^)\n]+)\)", task)
    return [one.strip() for one in hit.group(1).split(",")] if hit else None


def held(task: str, members: list[str]) -> list[MemberTurn]:
    """Return the rounds of the conversation that a task quotes, oldest first."""
    rounds: list[MemberTurn] = []
    for order, name, text in LINE.findall(task.partition("Conversation:")[2]):
        if name not in members:
            continue
        if order:
            rounds.append(MemberTurn(name, text))
        elif rounds and rounds[-1].member == name and not rounds[-1].said:
            rounds[-1] = replace(rounds[-1], said=text)
    return rounds


def worked_out(scene: Scene, facts: list[str], text: str) -> Solution:
    """Return the answer that the facts alone give to a question."""
    told = "\n".join(facts)
    turn = DialogTurn("user", f"Context:\n{told}\n\nQuestion: {text}")
    return answer(read(replace(scene.ask, system="", turns=(turn,), offers=()), scene.temper))


def next_step(
    scene: Scene, staff: list[Claim], facts: list[str], rounds: list[MemberTurn], request: str
) -> tuple[PlannedStep, str]:
    """Return the first step still open whose needs are met, and the question that sets it.

    A request that one member fits in every step is given to that one whole.
    """
    bare = replace(scene.ask, system="", turns=(DialogTurn("user", request),), offers=())
    steps = plan(read(bare, scene.temper))
    told = {turn.asked for turn in rounds if turn.said and not answers_nothing(turn.said)}
    asked_before = {turn.asked for turn in rounds}
    found = [step for step in steps if step.head]
    whole = PlannedStep(1, request, head=steps[-1].head)
    if (
        len({best_colleagues(staff, step)[0].label for step in found}) == 1
        and request not in asked_before
    ):
        return replace(whole, head=found[-1].head), request
    done: set[int] = set()
    for step in found:
        asked = question_of(step)
        if asked in told or worked_out(scene, facts, asked).known:
            done.add(step.number)
        elif set(step.needs) <= done:
            return step, asked
    return whole, request


def question_of(step: PlannedStep) -> str:
    """Return a step as a question."""
    what = re.sub(r"^Find (?:out: )?", "", step.text)
    return f"What {'are' if what.startswith('all ') else 'is'} {what}?"
