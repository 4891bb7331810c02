"""A person as an actor: asked like any other, answering when there is time.

A question is a step: it is put once, survives a restart of the kernel (it is put again when
the run is resumed, if nobody had answered), and several can be open at once. Who answers is
whatever `set_person` named: a widget in the cell, a prompt in a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.conversation import worded
from agentkit.errors import BadOutput, SetupError, safe_repr
from agentkit.messages import JSON, Thread, canonical, in_words
from agentkit.person import DefaultTaken, Question
from agentkit.questions import heard
from agentkit.run import current_run
from agentkit.scope import note
from agentkit.step import Outcome
from agentkit.typed import Output, schema_of, validated

Answers = Mapping[str, str] | Sequence[str] | Callable[[str], str]
"""Scripted: by question, one after the other, or as a function of the question."""


class Person(Actor):
    """Somebody who can be asked."""

    what = "person"

    def __init__(
        self,
        name: str,
        options: Sequence[str],
        default: str,
        timeout_s: float | None,
        answers: Answers | None,
    ) -> None:
        super().__init__(name, "A person.")
        self.options, self.default, self.timeout_s = tuple(options), default, timeout_s
        self.answers = answers

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        text = in_words(task)
        text = str(worded(text, thread[:-1], self.name))
        options = self.options or choices(schema_of(output))
        question = Question(
            text=text,
            options=options,
            default=self.default,
            timeout_s=self.timeout_s,
            run=current_run().id,
            agent=self.name,
        )
        scripted = self._scripted(text)

        async def says(_question: Question) -> str:
            return scripted or ""

        async def perform(key: str) -> Outcome:
            here = current_run().person if scripted is None else says
            found = await heard(current_run().log, key, question, here)
            late = False if scripted is not None else found.reason
            told = {"by": found.by, "words": found.words}
            more = {name: one for name, one in told.items() if one}
            return Outcome(result={"text": found.text, "late": late, **more})

        request = question.identity()
        found = (await current_run().step("person", self.name, request, perform)).result
        if reason := found["late"]:
            note(DefaultTaken(actor=self.name, answer=found["text"], reason=reason))
        elif "by" in found or "words" in found:
            note(current_run().told_by(found))
        said = str(found["text"])
        if options and said not in options:
            raise BadOutput(
                f"{self.name} answered {safe_repr(said)}.", expected=f"one of {', '.join(options)}"
            )
        data = None if output is None else fitted(said, output, self.name)
        missing = (f"an answer of {self.name} ({reason}: its default)",) if reason else ()
        return Answer(text=said, data=data, missing=missing)

    def _scripted(self, text: str) -> str | None:
        """The scripted answer; one after the other means in the order of this run's asks."""
        if self.answers is None:
            return None
        if callable(self.answers):
            return self.answers(text)
        if isinstance(self.answers, Mapping):
            found = self.answers.get(text)
        else:
            place = int(current_run().root.nth(f"answers of {self.name}"))
            found = self.answers[place] if place < len(self.answers) else None
        if found is None:
            raise SetupError(
                f"{self.name} has no scripted answer to {safe_repr(text)}.",
                expected="one for every question",
            )
        return found


def person(
    name: str = "person",
    *,
    options: Sequence[str] = (),
    default: str = "",
    timeout_s: float | None = None,
    answers: Answers | None = None,
) -> Person:
    """Make a person an actor.

    Args:
        name: who it is in the log and to others.
        options: the answers allowed; of a yes-no or enumerated type asked for they are
            known anyway.
        default: the answer when the time is up or nobody is there.
        timeout_s: seconds a question waits; None waits for ever.
        answers: scripted, for tests and notebooks that run alone.

    Raises:
        SetupError: a time-out of 0 or less, or with options a default that is none of them.
    """
    if timeout_s is not None and (timeout_s <= 0 or (options and default not in options)):
        raise SetupError(
            f"{name} has {timeout_s:g} s and the default {safe_repr(default)}.",
            expected="a time above 0, and as default one of the options",
        )
    return Person(name, options, default, timeout_s, answers)


def choices(schema: JSON) -> tuple[str, ...]:
    """The answers that a type allows, where it lists them."""
    if not isinstance(schema, dict):
        return ()
    if schema.get("type") == "boolean":
        return ("yes", "no")
    return tuple(str(value) for value in schema.get("enum", ()))


def fitted(said: str, output: Output, name: str) -> Any:
    """What a person said, as the type asked for: JSON, or else as it stands.

    Raises:
        BadOutput: it does not fit.
    """
    if isinstance(schema := schema_of(output), dict) and schema.get("type") == "boolean":
        said = "true" if said.casefold() in ("yes", "y", "true") else "false"
    for text in (said, canonical(said)):
        try:
            return validated(text, output)
        except ValueError as error:
            wrong = error
    raise BadOutput(f"{name} answered {safe_repr(said)}, which does not fit: {wrong}") from wrong
