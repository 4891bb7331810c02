"""What the compatibility kit of A2A asks for, told by the ids of its messages.

`python a2a_sut.py PORT`. The kit gives one id to many messages, and wants a task of each: what it
tests is not what a message id means, so here every message is another one.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Any

from agentkit import Data, File, current_run, pattern
from agentkit.events import Noted
from agentkit.messages import JSON, Content
from agentkit.person import Question
from agentkit.protocols import serve_a2a
from agentkit.protocols.a2a.jobs import ServedRuns
from agentkit.protocols.notes import Received

WAIT_S = 8.0


def message() -> str:
    """The id of the message that this run is about."""
    run = current_run()
    notes = [one.note for one in run.log.read(run.id) if isinstance(one, Noted)]
    return next(one.message for one in notes if isinstance(one, Received))


@pattern
async def sut(task: Any) -> Any:
    """Does what the kit asks for."""
    id = message()
    if id.startswith("tck-input-required"):
        heard = await current_run().hear(Question(text="Which one?"))
        while "complete-task" not in heard.by:
            heard = await current_run().hear(Question(text="Which one?"))
        return heard.text
    if id.startswith("test-resubscribe-message-id"):
        await asyncio.sleep(WAIT_S)
    if id.startswith("tck-reject-task"):
        raise PermissionError("rejected")
    text = File.from_bytes(b"the output", media_type="text/plain", name="output.txt")
    url = File.from_url("https://example.com/output.txt", media_type="text/plain")
    known: dict[str, Any] = {
        "tck-artifact-text": "Generated text content",
        "tck-artifact-file-url": [url],
        "tck-artifact-file": [text],
        "tck-artifact-data": [Data({"key": "value", "count": 42})],
        "tck-stream-001": "Stream hello from TCK",
        "tck-stream-003": "Stream task lifecycle",
        "tck-stream-ordering-001": "Ordered output",
        "tck-stream-artifact-text": "Streamed text content",
        "tck-stream-artifact-file": [text],
        "tck-stream-artifact-chunked": "chunk-1 chunk-2",
    }
    found = [one for prefix, one in known.items() if id.startswith(prefix)]
    return found[0] if found else "Hello from TCK"


class Apart(ServedRuns):
    """Tells apart what has one id."""

    def run_of(self, message: str, owner: str, context: str, content: JSON | Content) -> str:
        return super().run_of(message, owner, f"{context} {next(NUMBERS)}", content)


NUMBERS = itertools.count()


async def main(port: int) -> None:
    """Serve until the end."""
    service = await serve_a2a(sut, port=port, push_hosts=["example.com", "127.0.0.1", "localhost"])
    service.handler.jobs.__class__ = Apart
    await service.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
