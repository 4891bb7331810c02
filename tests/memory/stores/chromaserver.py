"""A real Chroma server for tests, and what the tests put into stores."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from memory.stores import Item
from tests.warm import Forks

TEXTS = ["Amber is deep", "Briar is shallow", "Cinder is far"]
ITEMS = [Item(id=f"i{n}", text=text, metadata={"n": n}) for n, text in enumerate(TEXTS)]
ROWS = np.eye(3, 4, dtype=np.float32)


STORES = Forks(("numpy", "memory", "memory.stores.choose", "tests.memory.stores.imported"))
"""Programs that use stores begin with what all of them import."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


CHROMA = "import sys, chromadb_rust_bindings as server; server.cli(['chroma', *sys.argv[1:]])"
"""The command `chroma` without the client beside it, whose import takes seconds of CPU."""


class Server:
    """A real `chroma run` on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", CHROMA, "run", "--path", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
        )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("chroma did not start within 120 s")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
