"""A worker in a process of its own, for the test that kills it: URL, namespace, log, folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from agentkit import open_log, pattern
from memory.fabrics import fabric
from memory.steps import step


async def main(url: str, namespace: str, log: str, folder: str) -> None:
    """Serve until killed; each effect leaves a line, and the second one hangs at first."""
    place = Path(folder)

    def effect(name: str) -> object:
        async def perform(_key: str) -> str:
            if name == "clear" and not (place / "go").exists():
                (place / "reached").touch()
                await asyncio.sleep(600)
            with (place / "effects").open("a") as out:
                out.write(f"{name}\n")
            return name

        return step(name, None, perform, effect="idempotent")

    @pattern
    async def team(task: str) -> str:
        for name in ("weigh", "clear"):
            await effect(name)  # type: ignore[misc]
        return f"{task}: cleared"

    async with fabric(url, namespace=namespace) as f:
        queue = f.queue("jobs", ack_wait_s=0.5)
        await f.serve(queue, team, log=open_log(f"sqlite:///{log}"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
