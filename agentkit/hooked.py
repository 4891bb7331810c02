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
    hook_refusal,
    message_of,
    messages_of,
    reworded,
)
from agentkit.messages import Message, Thread, changed, extend, thread_of
from agentkit.run import current_run
from agentkit.typed import Output


class Hooked:
    """What the hooks of an agent make of its task, its calls and its answer."""

    def __init__(self, name: str, hooks: Sequence[Hook]) -> None:
        self.name, self.hooks = name, checked(hooks, name)

    async def admitted(self, thread: Thread) -> Thread:
        """The conversation, if the hooks admit its task."""
        task = thread[-1].message
        found = await decided(self.hooks, self.name, "on_task", task.text)
        if isinstance(found, Refuse):
            raise hook_refusal(self.name, "The task", found)
        if found == task.text:
            return thread
        told = reworded(task.content, found)
        return extend(thread[:-1], task.model_copy(update={"content": told}))

    async def sent(self, thread: Thread) -> Thread:
        """The conversation as the hooks let it be sent."""
        kept = [node.message for node in thread]
        found = await decided(self.hooks, self.name, "before_model", kept, read=messages_of)
        if isinstance(found, Refuse):
            raise hook_refusal(self.name, "What was to be sent", found)
        return thread if found is kept else thread_of(found)

    async def said(self, message: Message) -> Message:
        """What the model said as the hooks let it stand."""
        found: Message | Refuse = await decided(
            self.hooks, self.name, "after_model", message, read=message_of
        )
        if isinstance(found, Refuse):
            raise hook_refusal(self.name, "What the model said", found)
        return found

    async def let_out(self, answer: Answer, output: Output) -> Answer:
        """The answer as the hooks let it out, where nobody is asked for another one."""
        held = await self.guarded(answer, output)
        if isinstance(held, Refuse):
            raise hook_refusal(self.name, "The answer", held)
        return held

    async def guarded(self, answer: Answer, output: Output) -> Answer | Refuse:
        """The answer as the hooks let it out, or the Refuse of one.

        Args:
            answer: that the agent has.
            output: the type that was asked for.
        """
        found = await decided(self.hooks, self.name, "on_answer", answer.text)
        if isinstance(found, Refuse) or found == answer.text:
            return found if isinstance(found, Refuse) else answer
        if output is not None:
            raise HookFailed(
                f"A hook of {self.name} changed an answer that was asked for as a type.",
                expected="None or Refuse(reason)",
                run_id=current_run().id,
            )
        told = reworded(answer.said, found)
        said = answer.thread[-1].message.model_copy(update={"content": told})
        content = None if isinstance(told, str) else told
        thread = extend(answer.thread[:-1], said)
        return changed(answer, text=str(told), content=content, thread=thread)
