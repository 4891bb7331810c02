"""Runs a broker, and ends it when whoever started it is gone: `python -I -S guard.py COMMAND...`.

The starter holds the other end of stdin; it closes also when the starter is killed. Nothing of
agentkit's is imported here: the start of a broker waits for this program's own.
"""

from __future__ import annotations

import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run the command until it ends, or stdin does."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def watch() -> None:
        sys.stdin.buffer.read()
        child.terminate()

    threading.Thread(target=watch, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
