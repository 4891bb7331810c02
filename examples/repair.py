"""Repair a program: an agent edits a copy of a folder until the tests in it pass.

python examples/repair.py FOLDER    # Runs what the model writes, with your rights.
"""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agentkit import Agent, tool
from agentkit.hooks import GuardRefused, Hook, Refuse

TASK = "The tests of this program fail. Find out why, and mend the program, not the tests."


def tested(folder: Path) -> tuple[bool, str]:
    """Whether the tests in a folder pass, and the end of what they print."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return False, "they did not end within 60 s"
    # A program that ends the process itself has passed no test.
    return done.returncode == 0 and " passed" in done.stdout, (done.stdout + done.stderr)[-4000:]


def programmer(folder: Path) -> Agent:
    """Make an agent that works in a folder, and is done when the tests pass."""
    own = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.py"))}

    @tool(effect="pure")
    def read_file(file: str) -> str:
        """Read a file of the program."""
        return own[file].read_text(encoding="utf-8")

    @tool(effect="idempotent")
    def write_file(file: str, text: str) -> str:
        """Write a file of the program anew, all of it."""
        if "test" in Path(file).name:
            raise ValueError("tests stay as they are")
        return f"{own[file].write_text(text, encoding='utf-8')} characters written to {file}"

    @tool(effect="pure", timeout_s=70)
    def run_tests() -> str:
        """Run the tests of the program; returns the end of what they print."""
        return tested(folder)[1]

    def pass_first(answer: str) -> Refuse | None:
        passed, told = tested(folder)
        return None if passed else Refuse(f"the tests do not pass yet:\n{told}")

    told = f"You repair a program with your tools. Its files: {', '.join(own)}."
    hooks = [Hook("tests", on_answer=pass_first, timeout_s=70)]
    return Agent("programmer", told, tools=[read_file, write_file, run_tests], hooks=hooks)


def main(given: Path) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(given, Path(temporary) / "copy"))
        try:
            print(programmer(copy).run_sync(TASK))
        except GuardRefused as error:
            print(f"not repaired: {error}")
            return 1
        for path in sorted(copy.rglob("*.py")):
            name = str(path.relative_to(copy))
            old, new = ((place / name).read_text().splitlines() for place in (given, copy))
            print(*difflib.unified_diff(old, new, name, name, lineterm=""), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) if sys.argv[1:] else "usage: python examples/repair.py FOLDER")
