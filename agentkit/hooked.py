"""The hooks of one agent at work, at each point where they are asked."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.answer import Answer
from agentkit.hooks import (
    Hook,
    HookFailed,
    Refuse,
    checked,
    decided,
    message_of,
    messages_of,
    refused,
)
from agentkit.messages import Message, Thread, extend, thread_of
from agentkit.run import current_run
from agentkit.typed import Output


class Hooked:
    """What the hooks of an agent make of its task, its calls and its answer."""

    def __init__(self, name: str, hooks: Sequence[Hook]) -> None:
        self.name, self.hooks = name, checked(hooks, name)

    async def admitted(self, thread: Thread) -> Thread:
        """The conversation, if the hooks admit its task."""
        task = thread[-1].message
        if task.role != "user" or not isinstance(task.content, str):
            return thread
        found = await decided(self.hooks, self.name, "on_task", task.content)
        if isinstance(found, Refuse):
            raise refused(self.name, "The task", found)
        if found == task.content:
            return thread
        return extend(thread[:-1], task.model_copy(update={"content": found}))

    async def sent(self, thread: Thread) -> Thread:
        """The conversation as the hooks let it be sent."""
        kept = [node.message for node in thread]
        found = await decided(self.hooks, self.name, "before_model", kept, read=messages_of)
        if isinstance(found, Refuse):
            raise refused(self.name, "What was to be sent", found)
        return thread if found is kept else thread_of(found)

    async def said(self, message: Message) -> Message:
        """What the model said as the hooks let it stand."""
        found: Message | Refuse = await decided(
            self.hooks, self.name, "after_model", message, read=message_of
        )
        if isinstance(found, Refuse):
            raise refused(self.name, "What the model said", found)
        return found

    async def guarded(self, answer: Answer, output: Output, *, last: bool) -> Answer | str:
        """The answer as the hooks let it out, or why one does not.

        Args:
            output: the type that was asked for.
            last: that the model is not asked for another one.
        """
        found = await decided(self.hooks, self.name, "on_answer", answer.text)
        if isinstance(found, Refuse):
            if last:
                raise refused(self.name, "The answer", found)
            return found.reason
        if found == answer.text:
            return answer
        if output is not None:
            raise HookFailed(
                f"A hook of {self.name} changed an answer that was asked for as a type.",
                expected="None or Refuse(reason)",
                run_id=current_run().id,
            )
        said = answer.thread[-1].message.model_copy(update={"content": found})
        thread = extend(answer.thread[:-1], said)
        return answer.model_copy(update={"text": found, "thread": thread})
