"""Tool calls of a model: found, checked, allowed, performed as steps, and told to it.

Whatever goes wrong with a call is told to the model, which may do better; what ends the ask, as a
run that another process took over, is raised.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from agentkit.doubts import UNKNOWN, open_ended
from agentkit.errors import (
    Interrupted,
    LogError,
    NotPerformed,
    ReplayMismatch,
    RuleBroken,
    RunTaken,
    TeamChanged,
    TooDeep,
    ToolError,
    Unsettled,
    error_text,
)
from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import (
    JSON,
    Content,
    Message,
    Thread,
    ToolCall,
    canonical,
    digest,
    message_of,
)
from agentkit.notes import Note
from agentkit.office import RunOffice
from agentkit.person import Question, agreed, is_plain_no
from agentkit.questions import GivenAnswer
from agentkit.run import current_run
from agentkit.scope import calls, current_scope, note
from agentkit.step import Outcome
from agentkit.tools.approving import needs_approval, put, with_defaults
from agentkit.tools.arguments import arguments_misfit as not_accepted
from agentkit.tools.performing import kept_to
from agentkit.tools.protocol import Arguments, BadArguments, CallFailed, Tool
from agentkit.tools.toolbox import mark_in
from agentkit.traces import failure_of
from agentkit.traces import told as wrong

if TYPE_CHECKING:
    from agentkit.hooks import Hook

NOTHING_GIVEN: Context[Any] = Context(NOT_GIVEN)

STOPS = (
    Interrupted, Unsettled, RuleBroken, RunTaken, TeamChanged, ReplayMismatch, TooDeep,
)  # fmt: skip
"""What a tool raises, or meets when it asks an actor, that no model is told: the ask ends."""


class UnknownTool(Note):
    """A model called a tool that there is not; it was told so."""

    topic = "unknown_tool"
    says = "{actor} called {tool}, which it does not have."
    grave = True
    actor: str
    tool: str
    call: str = ""
    """Id of the call."""


class WrongArguments(Note):
    """A model called a tool with arguments that do not fit; it was told so."""

    topic = "bad_arguments"
    says = "{actor} called {tool} with wrong arguments: {wrong}"
    grave = True
    actor: str
    tool: str
    wrong: str


def equipped(agent: str, tools: Mapping[str, Tool]) -> None:
    """Refuse an ask without the context that a tool needs, before anything is paid.

    Raises:
        NotPerformed: it is a new one; a run that goes on may need no tool any more.
    """
    run = current_run()
    if run.guard is not None:
        run.guard.equip(tools)
    if run.monitor is not None:
        run.monitor.equip(tools)
    if run.past.new:
        for one in tools.values():
            given_to(agent, one, "")


def given_to(agent: str, chosen: Tool, key: str) -> Context[Any]:
    """The context of one call of a tool.

    Raises:
        NotPerformed: it needs one, and nothing was given.
    """
    if chosen.takes_context == "never":
        return NOTHING_GIVEN
    given, run_id = current_scope().given, current_run().id
    if chosen.takes_context == "always" and given is NOT_GIVEN:
        raise NotPerformed(
            f"The tool {chosen.spec.name} of {agent} needs a context, and none was given.",
            expected="what its parameter of the type Context is to bring",
            todo=f"{agent}(task, deps=...); a run that goes on is given it again:"
            f" resume(run, deps=...)",
            run_id=run_id,
        )
    named = key and digest(run_id, key)
    return Context(given, agent=agent, run_id=run_id, key=named, office=RunOffice(key))


async def use_all(
    agent: str, tools: Mapping[str, Tool], calls: Sequence[ToolCall], hooks: Sequence[Hook] = ()
) -> list[Message]:
    """The calls of one turn at once; when one stops the run, no other goes on unseen."""
    make = partial(use, agent, tools)
    if hooks:
        from agentkit.hooks import use_hooked

        make = partial(use_hooked, hooks, agent, use=make)
    if len(calls) == 1:
        return [await make(calls[0])]
    uses = [asyncio.ensure_future(make(call)) for call in calls]
    try:
        return await asyncio.gather(*uses)
    finally:
        for one in uses:
            one.cancel()
        await asyncio.gather(*uses, return_exceptions=True)


async def use(agent: str, tools: Mapping[str, Tool], call: ToolCall) -> Message:
    """Perform one tool call; whatever goes wrong is told to the model."""
    chosen = tools.get(call.name)
    if chosen is None:
        names = ", ".join(one.spec.signature for one in tools.values()) or "none"
        note(UnknownTool(actor=agent, tool=call.name, call=call.id))
        return told(call, f"There is no tool {call.name!r}. The tools are: {names}.", True)
    try:
        arguments = checked(chosen, call.arguments)
    except BadArguments as error:
        note(WrongArguments(actor=agent, tool=call.name, wrong=str(error)))
        return told(call, str(error), True)
    besides = ""
    if needs_approval(chosen, arguments):
        said = await asked_for(agent, chosen, arguments)
        if not agreed(said.text):
            return told(call, disallowed(said.text, said.reason), True)
        besides = said.words.strip()
    outcome = await performed(agent, tools, chosen, arguments)
    text = outcome.error.text if outcome.error else outcome.result
    return told(call, with_words(text, besides), outcome.error is not None)


def checked(chosen: Tool, arguments: str) -> Arguments:
    """What a model wrote, as the tool takes it.

    Raises:
        BadArguments: it does not.
        ToolError: the check gave something else than arguments.
    """
    try:
        found: Any = chosen.check(arguments)
    except (BadArguments, *STOPS):
        raise
    except Exception as error:
        # Most likely what was written is odd in a way that nobody thought of.
        raise not_accepted(chosen.spec, wrong(error)) from error
    made = Arguments(found) if type(found) is dict else found
    wrong_with = f"{type(found).__name__}"
    if isinstance(made, Arguments):
        if made.asked is not None:
            return made
        try:
            made.asked = canonical(made)
            return made
        except Exception as error:
            wrong_with = f"what has no JSON form: {error_text(error)}"
    raise ToolError(
        f"{chosen.spec.name} was not called: its check gave {wrong_with}.",
        expected="agentkit.tools.Arguments, or a dict, of JSON values; others as its objects=",
        todo=f"mend check of {type(chosen).__name__}",
    )


async def asked_for(agent: str, chosen: Tool, arguments: Arguments) -> GivenAnswer:
    """Ask a person whether a call may be made."""
    name = chosen.spec.name
    full, same = put(chosen.spec, arguments)
    question = Question(
        text=f"May {agent} call {name}({listed(full)})?",
        options=("yes", "no"),
        default="no",
        words=True,
        tool=name,
        arguments=full,
    )
    if same:
        # Nested defaults are shown, but are no part of what was asked, as in older logs.
        known = with_defaults(chosen.spec, arguments)
        question = question.known_as(f"May {agent} call {name}({listed(known)})?")
    return await current_run().hear(question)


async def performed(
    agent: str, tools: Mapping[str, Tool], chosen: Tool, arguments: Arguments
) -> Outcome:
    """Perform a call: as a step, unless what the tool does is recorded by itself."""

    async def attempt(key: str) -> Outcome:
        context, outer = given_to(agent, chosen, key), sys.exception()
        try:
            with calls(key):
                result = await kept_to(chosen, chosen.perform(arguments, context))
            return Outcome(result=result, made=made)
        except Exception as error:
            return failed(chosen, error, outer, made)

    made = ""
    if chosen.own_steps:
        return await attempt("")
    run = current_run()
    made = run.mark(chosen, mark_in(tools, chosen), tools.values())
    # Who it worked for may be another one now; what was done once stays done.
    given = chosen.takes_context in ("if given", "always") and not current_scope().identified
    anew = given and chosen.effect != "once"
    return await run.step(
        "tool",
        chosen.spec.name,
        arguments,
        attempt,
        effect=chosen.effect,
        durable=False,
        asked=arguments.asked,
        redo=(lambda _: True) if anew else None,
        made=made,
    )


def failed(chosen: Tool, error: Exception, outer: BaseException | None, made: str) -> Outcome:
    """What a failure is to the model; one that it is not told is raised again.

    Args:
        chosen: the tool.
        error: that it raised.
        outer: one that was being handled already when it was called.
        made: the mark of its code.
    """
    if not isinstance(error, CallFailed):
        if chosen.on_error == "raise" or isinstance(error, STOPS):
            raise error
        if (stop := stop_in(error)) is not None:
            raise stop from error
        if chosen.own_steps and isinstance(error, LogError):
            raise error
    failure = failure_of(error, traced=True)
    doubt = chosen.effect == "once" and open_ended(error, outer)
    text = f"{wrong(error)} {UNKNOWN}" if doubt else wrong(error)
    return Outcome(error=failure.model_copy(update={"text": text}), doubt=doubt, made=made)


def stop_in(error: BaseException) -> BaseException | None:
    """What stops the run, in a group of errors as a TaskGroup raises one; None if nothing does."""
    if isinstance(error, STOPS):
        return error
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next(filter(None, map(stop_in, parts)), None)


def told(call: ToolCall, result: JSON | Content, error: bool) -> Message:
    """A tool's result as the model reads it."""
    content = result if isinstance(result, str | Content) else canonical(result)
    return message_of("tool", content, call_id=call.id, error=error)


def with_words(result: JSON | Content, words: str) -> JSON | Content:
    """A result, and behind it what the person said who allowed the call."""
    if not words:
        return result
    told = f"The person who allowed this call said: {words}"
    if isinstance(result, Content):
        return Content((*result, told))
    text = result if isinstance(result, str) else canonical(result)
    return f"{text}\n\n{told}"


def disallowed(said: str, default: str) -> str:
    """What a model is told of a call that was not simply allowed."""
    if default:
        return (
            f"This call was not made: a person must allow it ({default}); the stated answer is"
            f" then {said!r}. Do not repeat it."
        )
    if is_plain_no(said):
        return "A person did not allow this call. Do not repeat it."
    return (
        f"A person did not allow this call as it is, but said: {said.strip()}\nThe call was not"
        " made. Do as the person said."
    )


def listed(arguments: dict[str, JSON]) -> str:
    """Arguments as a person reads them: `port="Amber", tonnes=30`."""
    return ", ".join(f"{name}={canonical(value)}" for name, value in arguments.items())


def last_call(thread: Thread) -> str:
    """What an agent did last, and what came of it, in a line."""
    calls = [call for one in thread for call in one.message.calls]
    results = [one.message for one in thread if one.message.role == "tool"]
    if not calls or not results:
        return "it called no tool"
    failed, text = results[-1].error, results[-1].text
    cut = text if len(text) <= 120 else text[:119] + "…"
    return f"the last call, of {calls[-1].name}, {'failed' if failed else 'returned'}: {cut}"
