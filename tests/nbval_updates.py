"""A pytest plugin: nbval runs cells and reads their outputs as a front end does.

nbval knows no update_display_data messages, so that a streamed answer would be compared as it
was before its first word; a front end, and nbclient, which stores the outputs, keep the last form.
It also runs cells without history, and without it IPython heeds no semicolon at a cell's end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.validator import loaded

loaded()  # as in tests/conftest.py, which pytest reads after this

from nbformat import NotebookNode  # noqa: E402
from nbval.kernel import RunningKernel  # noqa: E402
from nbval.plugin import IPyNbFile  # noqa: E402

from tests import warm_kernels  # noqa: E402

Message = dict[str, Any]


def settled(next_message: Callable[[], Message], shown: dict[str, NotebookNode]) -> Message:
    """The next message that is no update; updates go into the outputs that they renew."""
    while True:
        message = next_message()
        content = message["content"]
        display = (content.get("transient") or {}).get("display_id")
        if message["msg_type"] == "update_display_data":
            if display in shown:
                shown[display].clear()
                shown[display].update(content["data"])
            continue
        if message["msg_type"] == "display_data" and display:
            # nbval keeps a NotebookNode as it is; a plain dict it would copy.
            content["data"] = shown[display] = NotebookNode(content["data"])
        return message


def patch() -> None:
    """Let nbval read its messages through `settled`, and run cells with history."""
    plain = IPyNbFile.get_kernel_message

    def get_kernel_message(self: Any, timeout: float | None = None, stream: str = "iopub") -> Any:
        shown = self.__dict__.setdefault("shown_displays", {})
        return settled(lambda: plain(self, timeout=timeout, stream=stream), shown)

    def execute_cell_input(self: Any, cell_input: str, allow_stdin: bool | None = None) -> Any:
        return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)

    IPyNbFile.get_kernel_message = get_kernel_message
    RunningKernel.execute_cell_input = execute_cell_input


patch()
warm_kernels.patch()
