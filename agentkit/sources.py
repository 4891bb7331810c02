"""What a run that is opened goes back to, and options checked before anything is done for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentkit.errors import SetupError, error_text, safe_repr
from agentkit.events import ANSWER, STREAMS
from agentkit.logs.rows import storable
from agentkit.messages import JSON, jsonable
from agentkit.parts import as_content

How = Literal["ask", "resume", "rerun", "fork", "replay"]


@dataclass(frozen=True)
class Source:
    """How a run is opened, and the run that it goes back to; none of one that is asked anew."""

    how: How
    run: str = ""
    inner: bool = False
    """Whether it is so because of the run around it; see `agentkit.nested`."""

    @property
    def resumed(self) -> bool:
        return self.how == "resume"

    def last_shared(self, at: int | None, events: Sequence[Any]) -> int:
        """The last of its run's events that a fork shares; without `at` the newest.

        Raises:
            SetupError: there is no such event.
        """
        newest: int = events[-1].seq
        if at is not None and at > newest:
            raise SetupError(
                f"Run {self.run} has no event {at} after which to fork.",
                expected=f"the number of one of its events, 1 to {newest}",
                todo="%events RUN lists them, or `agentkit log show RUN`",
            )
        return at or newest


ASKED = Source("ask")


def source_of(
    resume: str | None, rerun: str | None, replay: str | None, fork: str | None
) -> Source:
    """The one run named, and how it is gone back to.

    Raises:
        SetupError: several.
    """
    if not (resume or rerun or replay or fork):
        return ASKED
    named: dict[How, str | None]
    named = {"resume": resume, "rerun": rerun, "replay": replay, "fork": fork}
    for how, run in named.items():
        if run and not (isinstance(run, str) and storable(run)):
            raise SetupError(
                f"{how}={safe_repr(run, ascii)[:80]} names no run.",
                expected="the id of a run, as answer.run_id has it, or %runs lists it",
            )
    found = [Source(how, run) for how, run in named.items() if run]
    if len(found) > 1:
        ways = " and ".join(one.how for one in found)
        raise SetupError(f"A run cannot {ways} at once.", expected="one of them")
    return found[0]


def fitting(
    source: Source, at: int | None, edit: dict[Any, Any] | None, settle: dict[str, JSON] | None
) -> Source:
    """The source, if options are given to a run that they can be about.

    Raises:
        SetupError: they cannot.
    """
    if source.how != "fork" and (at is not None or edit):
        raise SetupError(
            "at= and edit= are about a fork, and this run is none.",
            expected="them beside fork=",
            todo="actor.fork(run_id, at=..., edit=...)",
        )
    if settle and source.how in ("ask", "replay"):
        raise SetupError(
            f"settle= speaks of {', '.join(settle)}, and this run goes back to no other.",
            expected="it beside resume=, rerun= or fork=",
        )
    return source


WORDS: dict[str, tuple[type, str]] = {
    "at": (int, "the seq of an event, a whole number from 1"),
    "edit": (dict, "{seq of a step.ended: its new text or result}, or {'task': the new task}"),
    "settle": (dict, "{tool name or step key: result, or NOT_DONE}"),
    "seed": (int, "a whole number"),
    "name": (str, "a text"),
    "actor": (str, "the name of an actor"),
    "model": (str, "the name of a model"),
    "deps": (str, "a digest, as text"),
    "sample": (int, "a whole number from 0"),
    "output": (object, "a JSON Schema"),
    "arguments": (dict, "{name of a parameter: what it is given}"),
}
"""Options of a run that the record keeps or a fork looks up, with what each may be."""


NEEDED = ("name", "sample", "deps")
"""Those that have a default other than None."""


def checked_words(**given: Any) -> None:
    """See to it that options are of their kind, before a run is begun or taken over for them.

    Raises:
        SetupError: one is not.
    """
    for name, value in given.items():
        kind, expected = WORDS[name]
        if value is None and name not in NEEDED:
            continue
        early = name == "at" and isinstance(value, int) and value < 1
        if early or type(value) is bool or not isinstance(value, kind):
            raise SetupError(f"{name}={safe_repr(value)} of a run cannot be.", expected=expected)


LONGEST = 500
"""Characters of the id of a run: an index of Postgres holds at most 2,704 bytes."""


def checked_id(id: str | None) -> None:
    """See to it that a run can be called so, and not as streams and answers are.

    Raises:
        SetupError: it cannot.
    """
    if id is not None and not (isinstance(id, str) and len(id) <= LONGEST and storable(id)):
        shown = safe_repr(id, ascii)
        raise SetupError(
            f"A run cannot have the id {shown if len(shown) < 80 else shown[:79] + '…'}.",
            expected=f"a text of at most {LONGEST} whole characters without NUL, or none",
        )
    if id is not None and id.startswith((STREAMS, ANSWER)):
        what = "streams of shared state" if id.startswith(STREAMS) else "answers to questions"
        raise SetupError(
            f"A run cannot be called {safe_repr(id)}: so are {what}.",
            expected=f"an id that does not begin with {STREAMS!r} or {ANSWER!r}, or none",
        )


def as_kept(edit: dict[Any, Any] | None) -> dict[str, Any]:
    """The edits of a fork as its record keeps them: JSON, and contents with parts.

    Raises:
        SetupError: a result has no JSON form.
    """
    given = {str(seq): new for seq, new in (edit or {}).items() if seq != "task"}
    contents = {seq: content for seq, new in given.items() if (content := as_content(new))}
    try:
        edits = {seq: jsonable(new) for seq, new in given.items() if seq not in contents}
        return {"edits": edits or None, "edited": contents or None}
    except ValueError as error:
        raise SetupError(
            f"An edit of a fork has no JSON form: {error_text(error)}.", expected=WORDS["edit"][1]
        ) from error
