"""Questions to the person before the notebook: a widget in the cell, or a script in tests."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from agentkit.errors import SetupError
from agentkit.person import Nobody, Question
from agentkit.questions import GivenAnswer
from agentkit.run import current_run
from agentkit.scope import current_scope, in_run
from nbext.session import Session, WaitingQuestion

ANSWERS = "AGENTKIT_ANSWERS"
"""Variable with answers given in advance: a JSON list, or words between commas."""

SLACK_S = 0.05
"""The clock of a question's time-out starts so much before ours, at most."""

MOUNT_S = 5.0
"""How long a front end may take to show a question before nobody counts as there."""


def scripted(text: str | None) -> list[str]:
    """The answers in $AGENTKIT_ANSWERS."""
    if not text or not text.strip():
        return []
    if text.lstrip().startswith("["):
        try:
            return [str(one) for one in json.loads(text)]
        except ValueError as error:
            raise SetupError(
                f"{ANSWERS} is no JSON list: {error}.", expected='["yes", "no"], or: yes,no'
            ) from error
    return [word.strip() for word in text.split(",")]


def asker(
    session: Session, otherwise: Callable[[Question], Awaitable[str]]
) -> Callable[[Question], Awaitable[str]]:
    """Who answers questions in this kernel: the script, the person, or `otherwise` elsewhere."""
    session.answers(scripted(os.environ.get(ANSWERS)))

    async def ask(question: Question) -> str:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        if not session.in_notebook and not session.scripted:
            return await otherwise(question)
        from nbext.widgets.question import QuestionWidget

        canvas = session.canvases.get(current_run().id) if in_run() else None
        if canvas is not None:
            canvas.step_aside(current_scope().actor)
        widget = QuestionWidget(question)
        widget.publish()
        if session.scripted:
            widget.show_answer(session.scripted.popleft(), "script")
            return widget.answer
        session.put(
            widget.display_id, WaitingQuestion(question, lambda said: widget.told(None, said, None))
        )
        try:
            answer, by = await heard(widget.mounted, widget.given, question)
        except asyncio.CancelledError as stop:
            if (said := elsewhere(stop)) is not None:
                widget.show_answer(said.text + (f" ({said.by})" if said.by else ""), "elsewhere")
                raise
            # The time-out of a question comes as a cancellation too.
            waited = loop.time() - begun + SLACK_S
            late = question.timeout_s is not None and waited >= question.timeout_s
            widget.show_answer(*((question.default, "time") if late else ("", "stopped")))
            raise
        finally:
            session.put(widget.display_id, None)
        widget.show_answer(answer, by)
        if by == "nobody":
            raise Nobody
        return answer

    return ask


def elsewhere(stop: asyncio.CancelledError) -> GivenAnswer | None:
    """The answer for which a question here was given up, because it was given elsewhere."""
    return next((one for one in stop.args if isinstance(one, GivenAnswer)), None)


async def heard(
    mounted: asyncio.Future[None], given: asyncio.Future[str], question: Question
) -> tuple[str, str]:
    """The person's answer; the default when no front end shows the question."""
    first = asyncio.FIRST_COMPLETED
    either: list[asyncio.Future[Any]] = [mounted, given]
    done, _ = await asyncio.wait(either, timeout=MOUNT_S, return_when=first)
    if not done:
        return question.default, "nobody"
    return await given, "person"
