"""%%ask: ask an actor; the body is the task."""

from __future__ import annotations

import re
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.log import RunInfo
from agentkit.messages import Content
from agentkit.opening import titled
from agentkit.tools.toolbox import is_tool
from nbext.asking import Ask, output_of, perform, start
from nbext.background import Background
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number, whole
from nbext.session import Session
from nbext.template import render_content

FOR_ONE = re.compile(r"([^\W\d]\w*)=(.+)", re.DOTALL)
"""A model for one agent: critic=sim:careful."""

GRAMMAR = Grammar(
    magic="%%ask",
    usage="ACTOR [-> name[: Type]]",
    options=(
        Option(
            name="--model",
            value="MODEL",
            help="another model, for this ask only; NAME=MODEL for one agent below it",
            many=True,
        ),
        Option(name="--budget", value="USD", help="no model is called once so much is spent"),
        Option(name="--deadline", value="S", help="what takes longer is cut off; %resume goes on"),
        Option(name="--concurrency", value="N", help="how many model calls it makes at once"),
        Option(name="--seed", value="N", help="for the endpoint's dice and the run's own"),
        Option(name="--after", value="VAR", help="go on with the conversation of this answer"),
        Option(
            name="--rerun",
            value="[RUN]",
            help="reuse what an earlier run of this actor did the same",
        ),
        Option(name="--graph", help="draw the message graph above the answer"),
        Option(name="--bg", help="go on in the background; %runs lists it, %stop ends it"),
        Option(name="--quiet", help="show nothing"),
        Option(name="--time", help="say how long it took"),
    ),
    takes=("ACTOR",),
    least=1,
    most=1,
    binds=True,
    free=True,
)


async def ask(session: Session, line: Line, body: str | None) -> Answer | Background:
    """Ask an actor; the body is the task. The answer streams while it comes.

    Examples:
        %%ask clerk
        What are the dues for 30 t in Amber?

        %%ask clerk -> report: Report --budget 0.01
        Compare {{ ships }}.

        %ask clerk Is the port open?

    `-> name` binds the Answer, `-> name: Type` a value of that type (int, list[str], a pydantic
    model, ...); without a name the Answer is in `_`. {{ expressions }} are filled in from the
    notebook before anything is asked: an Image, a File or a figure as a part of the task, a
    table as its first rows. An interrupted or failed ask goes on with %resume.
    With --bg the name is bound at once: `await name` gives what was asked for. A model that
    the line names is asked in place of the agents' own, of all in a team; --model critic=MODEL
    is for that agent only.
    """
    wanted = read(session, line, body)
    return start(session, wanted) if line.has("--bg") else await perform(session, wanted)


def read(session: Session, line: Line, body: str | None) -> Ask:
    """The ask that the line and the body describe; everything is checked before it is paid.

    Raises:
        SetupError: something is wrong or missing.
    """
    actor = session.actor(line.words[0])
    bound = line.binding.name if line.binding is not None else ""
    kept = "an actor" if bound in session.actors() else ""
    kept = "a tool" if bound and is_tool(session.namespace.get(bound)) else kept
    if kept:
        raise SetupError(
            f"-> {bound} would put the answer in the place of {kept}.",
            todo="choose another name for the answer",
        )
    if body is not None and line.rest:
        raise SetupError(
            f"%%ask does not know what to do with {line.rest!r}.",
            expected="the task below the first line; or all in one line: %ask ACTOR TASK",
        )
    options = limits(line)
    task = render_content((line.rest if body is None else body).strip(), session.namespace)
    if isinstance(task, str) and not task.strip():
        raise SetupError(
            f"{actor.name} was asked nothing.",
            expected="a task below %%ask, or after the name: %ask ACTOR TASK",
        )
    if line.has("--rerun") and (source := earlier(session, actor.name, task, line.one("--rerun"))):
        options["rerun"] = source.id
    return Ask(
        actor=actor,
        task=task,
        output=output_of(line.binding, session.namespace),
        after=after(session, line.one("--after")),
        binding=line.binding,
        model=models(line),
        options=options,
        quiet=line.has("--quiet"),
        graph=True if line.has("--graph") else None,
        timed=line.has("--time"),
    )


def models(line: Line) -> str | dict[str, str] | None:
    """The model that the line names, or models by agent.

    Raises:
        SetupError: both, or two for the same.
    """
    given = line.given.get("--model", ())
    named = [(found[1], found[2]) for one in given if (found := FOR_ONE.match(one))]
    if len(given) == 1 and not named:
        return given[0]
    if len(named) < len(given) or len(dict(named)) < len(named):
        raise SetupError(
            f"%%ask got --model {' --model '.join(given)}.",
            expected="one model for all: --model MODEL; or one for each agent that is named:"
            " --model writer=MODEL --model critic=MODEL",
        )
    return dict(named) or None


def limits(line: Line) -> dict[str, Any]:
    """The numbers that the line gives to the run.

    Raises:
        SetupError: one is none.
    """
    options: dict[str, Any] = {}
    if (budget := line.one("--budget")) is not None:
        options["budget_usd"] = number(GRAMMAR, "--budget", budget)
    if (deadline := line.one("--deadline")) is not None:
        options["deadline_s"] = number(GRAMMAR, "--deadline", deadline)
    if (concurrency := line.one("--concurrency")) is not None:
        options["concurrency"] = whole(GRAMMAR, "--concurrency", concurrency, least=1)
    if (seed := line.one("--seed")) is not None:
        options["seed"] = whole(GRAMMAR, "--seed", seed)
    return options


def earlier(session: Session, actor: str, task: str | Content, name: str | None) -> RunInfo | None:
    """The run to reuse: the one named, else this actor's newest here of the task, or of any."""
    if name:
        return session.find(name)
    runs = session.log.runs()
    mine = [info for info in runs if info.actor == actor and session.ours(info)]
    alike = [info for info in mine if info.name == titled(actor, task)]
    same = (info for info in alike if session.started(info).given == task)
    return next(same, mine[0] if mine else None)


def after(session: Session, name: str | None) -> Answer | None:
    """The answer whose conversation goes on.

    Raises:
        SetupError: the variable holds none.
    """
    if name is None:
        return None
    value = session.namespace.get(name)
    if isinstance(value, Background):
        return value.answer()
    if isinstance(value, Answer):
        return value
    known = [n for n, v in list(session.namespace.items()) if isinstance(v, Answer) and n[0] != "_"]
    raise SetupError(
        f"--after {name}: that is no answer.",
        expected=", ".join(known) or "a variable bound by %%ask ACTOR -> name",
        todo=meant(name, known),
    )


ASK = Magic("ask", "line_cell", GRAMMAR, ask, shows=True)
