"""A real kernel, and what a notebook would see of it: the few gestures that tests need."""

from __future__ import annotations

import queue
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

WAIT_S = 30.0
"""A cell that takes longer has hung."""


@dataclass
class Cell:
    """What a cell left behind, as a notebook would show it."""

    status: str = "busy"
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """Mime bundles in their places; an update replaces the one it names."""
    places: dict[str, int] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    """Every bundle that was ever shown, updates included."""
    stream: str = ""
    error: str = ""
    ename: str = ""

    @property
    def text(self) -> str:
        """The plain texts of all outputs."""
        texts = (str(bundle.get("text/plain", "")) for bundle in self.outputs)
        return "\n".join(text for text in texts if text)

    def take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["msg_type"]:
            case "display_data" | "execute_result" | "update_display_data":
                name = content.get("transient", {}).get("display_id")
                self.updates.append(content["data"])
                if name in self.places:
                    self.outputs[self.places[name]] = content["data"]
                    return
                if name:
                    self.places[name] = len(self.outputs)
                self.outputs.append(content["data"])
            case "stream":
                self.stream += content["text"]
            case "error":
                text = "\n".join(content["traceback"])
                self.error, self.ename = re.sub(r"\x1b\[[\d;]*m", "", text), content["ename"]


class Notebook:
    """A kernel with its client."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    def run(self, code: str, until: Callable[[Cell], bool] | None = None) -> Cell:
        """Run a cell to its end, or until something holds; then it goes on by itself."""
        return self.follow(self.client.execute(code), Cell(), until)

    def follow(
        self, message_id: str, cell: Cell, until: Callable[[Cell], bool] | None = None
    ) -> Cell:
        """Take what a running cell sends."""
        self.message_id = message_id
        end = time.monotonic() + WAIT_S
        while until is None or not until(cell):
            left = end - time.monotonic()
            assert left > 0, f"the cell did not end in {WAIT_S:g} s; it showed {cell.outputs}"
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != message_id:
                continue
            cell.take(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                cell.status = "error" if cell.ename else "ok"
                assert until is None or until(cell), f"it ended before: {cell.error or cell.text}"
                return cell
        return cell

    def ok(self, code: str) -> Cell:
        """Run a cell that must not fail."""
        cell = self.run(code)
        assert cell.status == "ok", cell.error
        return cell

    def interrupt(self, cell: Cell) -> Cell:
        """Press the stop button while a cell runs, and wait for its end."""
        self.manager.interrupt_kernel()
        return self.follow(self.message_id, cell)

    def restart(self) -> None:
        """Kill the kernel, with no time for last words, and start another."""
        # The manager's own restart interrupts first, and a run may then end as cancelled.
        self.manager.signal_kernel(signal.SIGKILL)
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=WAIT_S)

    def complete(self, code: str, at: int | None = None) -> list[str]:
        """What the completion offers."""
        at = len(code) if at is None else at
        reply = self.client.complete(code, at, reply=True, timeout=WAIT_S)
        found: list[str] = reply["content"]["matches"]
        return found

    def inspect(self, code: str) -> str:
        """What Shift+Tab shows where a | stands in the code; "" for nothing."""
        at = code.index("|")
        code = code[:at] + code[at + 1 :]
        content = self.client.inspect(code, at, reply=True, timeout=WAIT_S)["content"]
        return re.sub(r"\x1b\[\d+(;\d+)*m", "", content["data"].get("text/plain", ""))

    def value(self, expression: str) -> str:
        """An expression's repr, evaluated in the kernel."""
        reply = self.client.execute(
            "", user_expressions={"it": expression}, reply=True, timeout=WAIT_S
        )
        found = reply["content"]["user_expressions"]["it"]
        assert found["status"] == "ok", found
        text: str = found["data"]["text/plain"]
        return text
