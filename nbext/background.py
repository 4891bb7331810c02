"""A run that goes on while the notebook does other things."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import Interrupted, SetupError
from agentkit.words import for_terminal
from nbext.show import answer_shown, small


class Background:
    """An ask in the background: `await` it for its answer, or end it with %stop.

    Once it is done it can be used like its answer: background.text, {{ background }}.
    """

    def __init__(
        self,
        run_id: str,
        actor: str,
        work: Coroutine[Any, Any, Answer],
        value: Callable[[Answer], Any],
        refresh: Callable[[], None],
    ) -> None:
        self.run_id, self.actor, self.value, self.refresh = run_id, actor, value, refresh
        self.task: asyncio.Task[Answer] = asyncio.get_running_loop().create_task(work)
        # A failure is shown where the run was started, whether anybody awaits it or not.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.task.done()

    @property
    def state(self) -> str:
        """running, done, failed or stopped."""
        if not self.task.done():
            return "running"
        if self.task.cancelled():
            return "stopped"
        return "failed" if self.task.exception() else "done"

    def answer(self) -> Answer:
        """Its answer.

        Raises:
            SetupError: it goes on. Interrupted: it was stopped. AgentkitError: it failed.
        """
        if not self.task.done():
            raise SetupError(f"{self.actor} has not answered yet.", todo="await it first")
        if self.task.cancelled():
            raise self.stopped()
        return self.task.result()

    def stopped(self) -> Interrupted:
        """The error of a run that was stopped."""
        return Interrupted(
            f"The run of {self.actor} was stopped.", todo="%resume goes on", run_id=self.run_id
        )

    def stop(self) -> None:
        """Cancel it; its run can be resumed."""
        self.task.cancel()

    async def wait(self) -> Any:
        """Its answer, as the ask wanted it; being interrupted here does not stop the work.

        Raises:
            Interrupted: the work was stopped, or the waiting was interrupted.
        """
        try:
            return self.value(await asyncio.shield(self.task))
        except asyncio.CancelledError:
            if self.task.cancelled():
                raise self.stopped() from None
            raise Interrupted(
                f"The waiting was interrupted; {self.actor} goes on in the background.",
                todo="await it again, or end it with %stop",
                run_id=self.run_id,
            ) from None
        finally:
            self.refresh()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.wait().__await__()

    def __getattr__(self, name: str) -> Any:
        if name in Answer.model_fields or name == "bill":
            return getattr(self.answer(), name)
        raise AttributeError(f"Background has no attribute {name!r}")

    def __repr__(self) -> str:
        done = self.state == "done"
        said = answer_shown(self.answer())[1] if done else f"Background({self.actor}, {self.state})"
        return for_terminal(said)

    def _repr_markdown_(self) -> str:
        done = self.state == "done"
        return answer_shown(self.answer())[0] if done else small(f"{self.actor} · {self.state}")
