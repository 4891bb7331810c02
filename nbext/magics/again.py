"""%resume, %rerun, %fork, %replay, %stop: go on, do it again, branch off, look again, end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from agentkit.answer import Answer
from agentkit.borrowing import model_again
from agentkit.conversation import heard_in
from agentkit.doubts import NOT_DONE, called
from agentkit.errors import SetupError, TeamChanged
from agentkit.log import RunInfo
from agentkit.messages import JSON
from agentkit.origins import beginning_of, doubts_of
from agentkit.typed import schema_of
from agentkit.views.eventlist import editable
from nbext.asking import Ask, output_of, perform
from nbext.magics.base import Magic
from nbext.magics.fleetruns import OF_FLEET, fleet_meant, resume_theirs, stop_theirs
from nbext.options import Binding, Grammar, Line, Option, number, whole
from nbext.recorded import wished
from nbext.session import Session, short
from nbext.table import Told, show

SHOWING = (
    Option(name="--graph", help="draw the message graph above the answer"),
    Option(name="--quiet", help="show nothing"),
    Option(name="--time", help="say how long it took"),
)
BUDGET = Option(name="--budget", value="USD", help="another budget than the run had")
DEADLINE = Option(name="--deadline", value="S", help="seconds that this attempt may take")


KEY = re.compile(r"[0-9a-f]{4,32}")
"""The beginning of a step's key."""


def grammar(magic: str, *options: Option, least: int = 0) -> Grammar:
    """All of them take a run and may bind the answer."""
    run = "RUN" if least else "[RUN]"
    return Grammar(
        magic=magic,
        usage=f"{run} [-> name[: Type]]",
        options=(*options, *SHOWING),
        takes=("RUN",),
        least=least,
        most=1,
        binds=True,
    )


VERDICTS = (
    Option(
        name="--happened",
        value="RESULT",
        help="the `once` step in doubt happened, with this result; KEY=RESULT where several are",
        many=True,
    ),
    Option(
        name="--not-happened",
        value="[=KEY]",
        help="the `once` step in doubt did not happen: perform it; with its key where several are",
        many=True,
    ),
)
RESUMING = grammar("%resume", *VERDICTS, BUDGET, DEADLINE, OF_FLEET)
RERUNNING = grammar("%rerun", *VERDICTS, BUDGET, DEADLINE)
FORKING = grammar(
    "%fork",
    Option(name="--at", value="N", help="event after which it branches off; see %events"),
    Option(
        name="--edit",
        value="SEQ=TEXT",
        help="another result of that event, or task=TEXT",
        many=True,
    ),
    *VERDICTS,
    BUDGET,
    least=1,
)
REPLAYING = grammar("%replay")


async def resume(session: Session, line: Line, body: str | None) -> Answer | None:
    """Go on with a run where it stopped: the last unfinished one, or RUN. Nothing is paid twice.

    After a restart of the kernel, first run the cells that define the actors. The answer is
    bound as the ask wanted it, or as `-> name: Type` says here. When a tool that must not run
    twice was interrupted, look whether it happened, and say so:

        %resume --happened '{"receipt": 17}'
        %resume --not-happened

    Where several were, each has a key, of which the beginning is enough:

        %resume --happened 3f2ab1='{"receipt": 17}' --not-happened=77c1d0

    `%resume --fleet` offers runs anew to the workers of `%fleet`: RUN, all of the batch RUN, or
    all that failed or were stopped.
    """
    if (theirs := fleet_meant(session, line)) is not None:
        show(await resume_theirs(theirs, line))
        return None
    info = chosen(session, line, session.unfinished)
    if info.id in session.working():
        raise SetupError(
            f"Run {short(info.id)} goes on in the background.",
            todo=f"wait for it, or end it first: %stop {short(info.id)}",
        )
    options: dict[str, Any] = {"resume": info.id, "settle": verdicts(session, info, line)}
    return await perform(
        session, again(session, info, line, RESUMING, options, "whole run, resumed")
    )


async def rerun(session: Session, line: Line, body: str | None) -> Answer:
    """Ask the same in a new run: the last one, or RUN. Steps that are unchanged are not paid."""
    info = chosen(session, line, session.own)
    options: dict[str, Any] = {"rerun": info.id, "settle": verdicts(session, info, line)}
    return await perform(session, again(session, info, line, RERUNNING, options, "rerun"))


async def fork(session: Session, line: Line, body: str | None) -> Answer:
    """Branch off a run after event N, with results of it edited: a new run.

    Example:
        %fork 4f1c22ab --edit 12="The crane is broken."
    """
    info = chosen(session, line, session.own)
    options: dict[str, Any] = {"fork": info.id, "edit": edits(line, session.log.read(info.id))}
    options["settle"] = verdicts(session, info, line)
    if (at := line.one("--at")) is not None:
        options["at"] = whole(FORKING, "--at", at, least=1)
    return await perform(session, again(session, info, line, FORKING, options, "forked"))


async def replay(session: Session, line: Line, body: str | None) -> Answer:
    """Show the recorded answer by performing nothing: the last run, or RUN.

    A step that is not recorded is an error (ReplayMismatch), so a replay that succeeds proves
    that the record is whole and that the actors are still the same.
    """
    info = chosen(session, line, session.own)
    options = {"replay": info.id}
    return await perform(session, again(session, info, line, REPLAYING, options, "replayed"))


async def stop(session: Session, line: Line, body: str | None) -> Told:
    """End a background run, or all of them; they can be resumed.

    With --fleet, or a RUN or batch that only the fleet has, runs of its workers.

    Raises:
        SetupError: the run named is not one of this kernel's.
    """
    if (theirs := fleet_meant(session, line)) is not None:
        return await stop_theirs(theirs, line)
    working = session.working()
    if line.words:
        info = session.find(line.words[0])
        if info.id not in working:
            running = ", ".join(short(run) for run in working) or "none"
            raise SetupError(
                f"Run {short(info.id)} does not go on in this kernel's background.",
                expected=f"one of: {running}",
                todo="a run in the foreground is stopped by interrupting its cell, one of a fleet"
                f" by %stop --fleet {short(info.id)}",
            )
        working = {info.id: working[info.id]}
    for task in working.values():
        task.stop()
    await asyncio.gather(*(task.task for task in working.values()), return_exceptions=True)
    for task in working.values():
        task.refresh()
    if not working:
        return Told(text="Nothing goes on in the background.")
    names = ", ".join(f"{task.actor} ({short(run)})" for run, task in working.items())
    return Told(text=f"Stopped {names}. %resume goes on.")


def chosen(session: Session, line: Line, newest: Callable[[], RunInfo]) -> RunInfo:
    """The run that a line names; without a name the newest that will do, of this notebook only."""
    if not line.words:
        return newest()
    return session.own() if line.words[0] == "last" else session.find(line.words[0])


def again(
    session: Session,
    info: RunInfo,
    line: Line,
    accepts: Grammar,
    options: dict[str, Any],
    extra: str,
) -> Ask:
    """The ask of a recorded run, once more.

    Raises:
        SetupError, UnknownActor: something it needs is not defined in this kernel.
        TeamChanged: the type of its answer is another one now.
    """
    actor = session.asked_in(info)
    events = session.log.read(info.id)
    asked = beginning_of(events, info.id)
    wish = wished(events)
    model, how = asked.model or wish.model, next(iter(options))
    binding = line.binding or (Binding(name=wish.name, type=wish.type) if wish.name else None)
    output = output_of(binding, session.namespace)
    if binding is not None and binding.type and "resume" in options:
        if schema_of(output) != asked.output:
            raise another_type(info.id, binding)
    elif output is None and not (binding and binding.type):
        output = asked.output
    if (budget := line.one("--budget")) is not None:
        options["budget_usd"] = number(accepts, "--budget", budget)
    if (deadline := line.one("--deadline")) is not None:
        options["deadline_s"] = number(accepts, "--deadline", deadline)
    task = (options.get("edit") or {}).get("task", asked.given)
    return Ask(
        actor=actor,
        task=task,
        output=output,
        after=heard_in(events, actor.name) or None,
        binding=binding,
        model=model_again(model, actor.name, how) if model else None,
        options=options,
        quiet=line.has("--quiet"),
        graph=True if line.has("--graph") else None,
        timed=line.has("--time"),
        extra=extra,
    )


def another_type(run_id: str, binding: Binding) -> TeamChanged:
    """The error of a resume that wants another type than its run was asked for."""
    return TeamChanged(
        f"{binding.type} is not what run {short(run_id)} was asked for.",
        expected="the type as it was when the run was recorded",
        todo=f"restore it; or %resume {short(run_id)} -> {binding.name} for plain JSON;"
        f" or %rerun {short(run_id)} -> {binding.name}: {binding.type}",
        run_id=run_id,
    )


def verdicts(session: Session, info: RunInfo, line: Line) -> dict[str, JSON]:
    """What the person says about the `once` steps in doubt, by key.

    Raises:
        SetupError: a word about nothing that is in doubt, or one that may mean several steps.
    """
    words = [keyed(text) for text in line.given.get("--happened", ())]
    words += [(key, NOT_DONE) for key in line.given.get("--not-happened", ())]
    if not words:
        return {}
    doubts = doubts_of(session.log, info.id)
    found: dict[str, JSON] = {}
    for key, word in words:
        meant = [step for step in doubts if step.key.startswith(key)]
        if len(meant) != 1 or meant[0].key in found:
            listed = "; ".join(f"{called(step)}, key {step.key[:8]}" for step in doubts) or "none"
            raise SetupError(
                f"Run {short(info.id)} has {len(doubts)} steps in doubt: {listed}.",
                expected="one word on each: --happened KEY=RESULT or --not-happened=KEY"
                if doubts
                else "no word on any",
                todo=None if doubts else "just %resume",
            )
        found[meant[0].key] = word
    return found


def keyed(text: str) -> tuple[str, JSON]:
    """RESULT or KEY=RESULT, read: the key is "" where none is given."""
    key, mark, rest = text.partition("=")
    return (key, value(rest)) if mark and KEY.fullmatch(key) else ("", value(text))


def value(text: str) -> JSON:
    """A result as it was typed: JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def edits(line: Line, events: Sequence[Any]) -> dict[Any, Any]:
    """--edit SEQ=TEXT, as run() takes them; any event that shows a result stands for its end.

    Raises:
        SetupError: no event, or no text.
    """
    found: dict[Any, Any] = {}
    known = editable(events) if line.has("--edit") else {}
    for text in line.given.get("--edit", ()):
        seq, mark, new = text.partition("=")
        if not mark or not (seq.isdigit() or seq == "task"):
            raise SetupError(
                f"--edit {text!r} is no edit.",
                expected="SEQ=TEXT with the seq of a step's end, or task=TEXT",
                todo='put a text with blanks in quotes: --edit 12="..."',
            )
        meant = "task" if seq == "task" else known.get(int(seq), int(seq))
        found[meant] = new if meant == "task" else value(new)
    return found


RESUME = Magic("resume", "line", RESUMING, resume, shows=True)
RERUN = Magic("rerun", "line", RERUNNING, rerun, shows=True)
FORK = Magic("fork", "line", FORKING, fork, shows=True)
REPLAY = Magic("replay", "line", REPLAYING, replay, shows=True)
STOP = Magic(
    "stop", "line",
    Grammar(magic="%stop", usage="[RUN]", options=(OF_FLEET,), takes=("RUN",), most=1), stop,
)  # fmt: skip
