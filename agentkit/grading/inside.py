"""What runs inside the sandbox: it loads the answer and puts one case after another to it.

It judges nothing, and nothing that it says is believed. Run by its path, beside the submission.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import types
from typing import Any

SOCKET, ANSWER = "/ref/socket", "/ref/answer.py"
PORT = 8900
URL = f"http://127.0.0.1:{PORT}"


asked: set[int] = set()
"""Connections over which something was asked that is not answered yet."""

TICK_S = 0.05

LONGEST = 5_000
"""Letters of an answer that the referee reads."""


async def within(work: Any, seconds: float) -> Any:
    """Wait for work so long, in time that goes by in which nothing is being answered outside.

    Ticks are counted, and not the clock: a machine that is busy gives fewer of them.
    """
    task, spent = asyncio.ensure_future(work), 0.0
    while not task.done() and spent < seconds:
        await asyncio.wait({task}, timeout=TICK_S)
        spent += 0.0 if asked else TICK_S
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        raise TimeoutError(f"a case may take {seconds:g} s")
    return await task


def forward() -> None:
    """Lead the address that an endpoint needs to the one socket; there is no other way out."""
    server = socket.create_server(("127.0.0.1", PORT))

    def pump(near: socket.socket, far: socket.socket, asks: bool, key: int) -> None:
        try:
            while data := near.recv(65536):
                if asks:
                    asked.add(key)
                far.sendall(data)
                if not asks:
                    asked.discard(key)
        except OSError:
            pass
        asked.discard(key)
        for one in (near, far):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    while True:
        near, _ = server.accept()
        # Head and body of a reply come apart; without this the second waits 40 ms for an ACK.
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        far = socket.socket(socket.AF_UNIX)
        far.connect(SOCKET)
        for pair in ((near, far, True, id(near)), (far, near, False, id(near))):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def offered(spec: dict[str, Any], post: Any) -> Any:
    """A tool that the referee performs."""
    from agentkit.tools.remote import RemoteTool

    name = spec["name"]

    async def perform(arguments: dict[str, Any]) -> Any:
        said = await asyncio.to_thread(lambda: post(f"/tool/{name}", json=arguments).json())
        if "error" in said:
            raise ValueError(said["error"])
        return said["result"]

    class Offered(RemoteTool):
        """A tool for agents; called by the program itself, it is one that no model wished."""

        async def __call__(self, **arguments: Any) -> Any:
            return await perform(arguments)

    how = {"effect": spec["effect"]}
    return Offered(name, spec["description"], spec["parameters"], perform, **how)


class Tools(list[Any]):
    """The tools of a case; each is an attribute too, by its name."""

    def __getattr__(self, name: str) -> Any:
        for one in self:
            if one.spec.name == name:
                return one
        raise AttributeError(name)


def sendable(text: Any) -> str:
    """A text as JSON can carry it, half a surrogate pair replaced, as long as it is read."""
    return str(text)[:LONGEST].encode("utf-8", "replace").decode()


async def main(answer: str) -> None:
    """Put the cases to the answer until there are none."""
    import httpx

    from agentkit.sim import server

    threading.Thread(target=forward, daemon=True).start()
    # What asks sim:... asks the referee; no server of its own is started in here.
    there = types.SimpleNamespace(url=URL, alive=True, stop=lambda: None)
    server.shared.server = there  # type: ignore[assignment]
    http = httpx.Client(base_url=URL, timeout=60)
    with open(ANSWER, encoding="utf-8") as file:
        code = file.read()
    space: dict[str, Any] = {"__name__": "answer"}
    exec(compile(code, "answer.py", "exec"), space)
    while case := http.post("/next").json():
        said: dict[str, str]
        try:
            tools = Tools(offered(spec, http.post) for spec in case["tools"])
            actor = space[answer](tools)
            given = await within(actor(case["task"]), case["seconds"])
            said = {"text": sendable(given.text or "")}
        except Exception as error:
            said = {"error": sendable(f"{type(error).__name__}: {error}")[:500]}
        http.post("/answer", json=said)


if __name__ == "__main__":
    os.environ["AGENTKIT_LOG"] = "sqlite:////tmp/log.db"
    asyncio.run(main(sys.argv[1]))
