"""Ledger: an orchestrator keeps two ledgers, and plans again when the team stalls.

Source: Fourney et al. 2024, Magentic-One (arXiv:2411.04468), section 3 and figure 2. The outer
loop keeps the task ledger (facts and guesses, plan); the inner loop fills the progress ledger,
five questions each with a reason, and gives one member one instruction. Followed is AutoGen's
released code (`MagenticOneOrchestrator`: `max_stalls` = 3, `max_turns` = 20; a round
without progress or in a loop counts one up, any other one down, not below zero). Two
things are as in its successor, Microsoft Agent Framework: a new plan sets the counter
back to zero (AutoGen's stays, so that each further stall plans again at once), and
resets have a limit, here `max_resets` = 2, our choice. At a limit the orchestrator writes the
final answer from the conversation, as in AutoGen; here it is marked as partial. Members keep no
messages: each is given the ledger and the conversation since the last reset.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, TurnsSpent
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.ledgers import ProgressJudged, TaskLedger, judged, planned
from agentkit.patterns.parts.notes import Replanned, Stopped
from agentkit.patterns.parts.team import (
    FAILURES,
    at_least,
    broke,
    flat,
    members,
    text_of,
    unfinished,
)
from agentkit.scope import note
from agentkit.typed import Output


def ledger(
    orchestrator: Actor,
    workers: Sequence[Actor],
    *,
    max_stalls: int = 3,
    max_resets: int = 2,
    max_turns: int = 20,
    name: str = "ledger",
) -> Actor:
    """Make a team that an orchestrator leads by its two ledgers.

    Args:
        orchestrator: keeps the ledgers and gives the final answer.
        workers: carry out one instruction at a time.
        max_stalls: stalled rounds that lead to a new plan, 1 or more.
        max_resets: new plans allowed, 0 or more.
        max_turns: instructions given in all, 1 or more.
        name: of the team.

    Returns:
        An actor. At a limit the orchestrator answers from what was said, and the answer is
        partial: its data say why. Notes: task_ledger, progress_ledger (with the stall count),
        replan, stop, partial.

    Raises:
        SetupError: no workers, a name twice, options out of range.
        BadOutput: on asking: the orchestrator keeps naming nobody.
    """
    team = members(workers)
    members([orchestrator, *team])
    at_least(1, max_stalls=max_stalls, max_turns=max_turns)
    at_least(0, max_resets=max_resets)

    async def ledger_team(task: JSON, output: Output = None) -> Answer:
        book = TaskLedger(text_of(task), team)
        stalls = resets = rounds = 0
        limit = TurnsSpent(f"{name} used its {max_turns} turns.", todo="raise max_turns")

        def stopped(error: AgentkitError) -> Answer:
            note(Stopped(reason=str(error.what), rounds=rounds, resets=resets))
            done = {"facts": book.facts, "conversation": "\n".join(book.lines)}
            done = {what: text for what, text in done.items() if text}
            return unfinished(error, done, ["the answer"], output)

        async def closed(error: AgentkitError) -> Answer:
            if output is not None:
                return stopped(error)
            try:
                closing = await orchestrator(f"{book}\n\n{error.what} {FINAL} {book.task}")
            except FAILURES:
                return stopped(error)
            return stopped(error).model_copy(update={"text": closing.text})

        try:
            await planned(orchestrator, book, resets)
            while rounds < max_turns:
                progress, worker = await judged(orchestrator, book)
                stuck = progress.is_in_loop.answer or not progress.is_progress_being_made.answer
                stalls = stalls + 1 if stuck else max(0, stalls - 1)
                note(ProgressJudged(**progress.model_dump(), stalls=stalls))
                if progress.is_request_satisfied.answer or worker is None:
                    note(Stopped(reason=progress.is_request_satisfied.reason,
                                 rounds=rounds, resets=resets))  # fmt: skip
                    return await orchestrator(f"{book}\n\n{FINAL} {book.task}", output=output)
                if stalls >= max_stalls:
                    reason = f"{stalls} stalled rounds: {progress.is_progress_being_made.reason}"
                    if resets == max_resets:
                        limit = TurnsSpent(f"{name} stalled after {resets} new plans.")
                        break
                    stalls, resets = 0, resets + 1
                    note(Replanned(reason=reason, resets=resets))
                    await planned(orchestrator, book, resets)
                    continue
                rounds += 1
                await carried_out(worker, book, progress.instruction_or_question.answer)
        except FAILURES as error:
            return stopped(error)
        return await closed(limit)

    return Pattern(ledger_team, name, (orchestrator, *team))


FINAL = "The team has worked on the request. Give the final answer.\n\nRequest:"


async def carried_out(worker: Actor, book: TaskLedger, instruction: str) -> None:
    """Give a worker its instruction; what it says, or that it failed, joins the conversation."""
    asked = f"{book}\n\nRequest: {book.task}\n\nYou, {worker.name}, are asked: {instruction}"
    book.lines.append(f"orchestrator to {worker.name}: {flat(instruction)}")
    try:
        said = (await worker(asked)).text
    except FAILURES as error:
        if broke(error):
            raise
        said = f"(failed: {type(error).__name__}: {error.what})"
    book.lines.append(f"{worker.name}: {flat(said)}")
