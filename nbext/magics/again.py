"""%resume, %rerun, %fork, %replay, %stop: go on, do it again, branch off, look again, end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError, TeamChanged
from agentkit.events import RunStarted
from agentkit.log import RunInfo
from agentkit.messages import JSON
from agentkit.run import NOT_DONE
from agentkit.typed import schema_of
from nbext.asking import Ask, output_of, perform
from nbext.magics.base import Magic
from nbext.options import Binding, Grammar, Line, Option, number, whole
from nbext.recorded import before, in_doubt, wished
from nbext.session import Session, short
from nbext.table import Told

SHOWING = (
    Option(name="--graph", help="draw the message graph above the answer"),
    Option(name="--quiet", help="show nothing"),
    Option(name="--time", help="say how long it took"),
)
BUDGET = Option(name="--budget", value="USD", help="another budget than the run had")


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


RESUMING = grammar(
    "%resume",
    Option(
        name="--happened",
        value="RESULT",
        help="the `once` step in doubt happened, with this result",
    ),
    Option(name="--not-happened", help="the `once` step in doubt did not happen: perform it"),
    BUDGET,
)
RERUNNING = grammar("%rerun", BUDGET)
FORKING = grammar(
    "%fork",
    Option(
        name="--at", value="N", help="event after which it branches off; see `agentkit log show`"
    ),
    Option(
        name="--edit",
        value="SEQ=TEXT",
        help="another result of that event, or task=TEXT",
        many=True,
    ),
    BUDGET,
    least=1,
)
REPLAYING = grammar("%replay")


async def resume(session: Session, line: Line, body: str | None) -> Answer:
    """Go on with a run where it stopped: the last unfinished one, or RUN. Nothing is paid twice.

    After a restart of the kernel, first run the cells that define the actors. The answer is
    bound as the ask wanted it, or as `-> name: Type` says here. When a tool that must not run
    twice was interrupted, look whether it happened, and say so:

        %resume --happened '{"receipt": 17}'
        %resume --not-happened
    """
    info = chosen(session, line, session.unfinished)
    if info.id in session.working():
        raise SetupError(
            f"Run {short(info.id)} goes on in the background.",
            todo=f"wait for it, or end it first: %stop {short(info.id)}",
        )
    options: dict[str, Any] = {"resume": info.id, "settle": settled(session, info, line)}
    return await perform(session, again(session, info, line, RESUMING, options, "resumed"))


async def rerun(session: Session, line: Line, body: str | None) -> Answer:
    """Ask the same in a new run: the last one, or RUN. Steps that are unchanged are not paid."""
    info = chosen(session, line, session.own)
    return await perform(
        session, again(session, info, line, RERUNNING, {"rerun": info.id}, "rerun")
    )


async def fork(session: Session, line: Line, body: str | None) -> Answer:
    """Branch off a run after event N, with results of it edited: a new run.

    Example:
        %fork 4f1c22ab --edit 12="The crane is broken."
    """
    info = chosen(session, line, session.own)
    options: dict[str, Any] = {"fork": info.id, "edit": edits(line)}
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

    Raises:
        SetupError: the run named is not one of this kernel's.
    """
    working = session.working()
    if line.words:
        info = session.find(line.words[0])
        if info.id not in working:
            running = ", ".join(short(run) for run in working) or "none"
            raise SetupError(
                f"Run {short(info.id)} does not go on in this kernel's background.",
                expected=f"one of: {running}",
                todo="a run in the foreground is stopped by interrupting its cell",
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
    asked = next(e for e in events if isinstance(e, RunStarted))
    wish = wished(events)
    binding = line.binding or (
        Binding(name=wish["name"], type=wish["type"]) if wish.get("name") else None
    )
    output = output_of(binding, session.namespace)
    if binding is not None and binding.type and "resume" in options:
        if schema_of(output) != asked.output:
            raise TeamChanged(
                f"{binding.type} is not what run {short(info.id)} was asked for.",
                expected="the type as it was when the run was recorded",
                todo=f"restore it; or %resume {short(info.id)} -> {binding.name} for plain JSON;"
                f" or %rerun {short(info.id)} -> {binding.name}: {binding.type}",
                run_id=info.id,
            )
    elif output is None and not (binding and binding.type):
        output = asked.output
    if (budget := line.one("--budget")) is not None:
        options["budget_usd"] = number(accepts, "--budget", budget)
    task = (options.get("edit") or {}).get("task", asked.task)
    return Ask(
        actor=actor,
        task=task,
        output=output,
        after=before(events, actor.name),
        binding=binding,
        model=wish.get("model") or None,
        options=options,
        quiet=line.has("--quiet"),
        graph=True if line.has("--graph") else None,
        timed=line.has("--time"),
        extra=extra,
    )


def settled(session: Session, info: RunInfo, line: Line) -> dict[str, JSON]:
    """What the person says about the `once` step in doubt.

    Raises:
        SetupError: both things, or nothing is in doubt, or several steps are.
    """
    result = line.one("--happened")
    if result is None and not line.has("--not-happened"):
        return {}
    if result is not None and line.has("--not-happened"):
        raise SetupError("It cannot have happened and not happened.", expected="one of the two")
    doubt = in_doubt(session.log.read(info.id))
    if len(doubt) != 1:
        found = ", ".join(f"{step.name} ({step.key[:8]})" for step in doubt) or "none"
        raise SetupError(
            f"Run {short(info.id)} has {len(doubt)} steps in doubt: {found}.",
            expected="one",
            todo="settle them in Python: await actor.resume(run, settle={key: result})"
            if doubt
            else "just %resume",
        )
    return {doubt[0].key: NOT_DONE if result is None else value(result)}


def value(text: str) -> JSON:
    """A result as it was typed: JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def edits(line: Line) -> dict[Any, Any]:
    """--edit SEQ=TEXT, as run() takes them.

    Raises:
        SetupError: no event, or no text.
    """
    found: dict[Any, Any] = {}
    for text in line.given.get("--edit", ()):
        seq, mark, new = text.partition("=")
        if not mark or not (seq.isdigit() or seq == "task"):
            raise SetupError(
                f"--edit {text!r} is no edit.",
                expected="SEQ=TEXT with the seq of a step's end, or task=TEXT",
                todo='put a text with blanks in quotes: --edit 12="..."',
            )
        found[seq if seq == "task" else int(seq)] = new if seq == "task" else value(new)
    return found


RESUME = Magic("resume", "line", RESUMING, resume, shows=True)
RERUN = Magic("rerun", "line", RERUNNING, rerun, shows=True)
FORK = Magic("fork", "line", FORKING, fork, shows=True)
REPLAY = Magic("replay", "line", REPLAYING, replay, shows=True)
STOP = Magic("stop", "line", Grammar(magic="%stop", usage="[RUN]", takes=("RUN",), most=1), stop)
