"""Tools for files and a shell, as an agent that mends programs needs them.

Files are seen through a window of lines, an edit that would leave a file invalid is not made, a
search that finds too much says so: the interface is made for a model and not for a person.

Source: Yang et al. 2024, SWE-agent: agent-computer interfaces enable automated software
engineering, section 3 (arXiv 2405.15793).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentkit.errors import ToolError
from agentkit.sandbox import Sandbox, SandboxError
from agentkit.tools import CallFailed, FunctionTool, tool
from agentkit.workbench.programs import FILES

WINDOW = 100
"""Lines of a file that are shown at once."""

SAID = 20_000
"""Characters of a command's output that a model reads, half from the beginning."""


class Workbench:
    """Tools on the folder of a sandbox: what they do, they do inside of it."""

    def __init__(self, box: Sandbox, window: int = WINDOW) -> None:
        """Make one.

        Args:
            box: whose folder it is; it lives as long as the tools are used.
            window: lines of a file that are shown at once.
        """
        self.box, self.window = box, window

    @property
    def tools(self) -> list[FunctionTool]:
        """The tools: view, find, search, create, edit and shell."""
        how: dict[str, dict[str, Any]] = {
            "view": {"effect": "pure"}, "find": {"effect": "pure"}, "search": {"effect": "pure"},
            "create": {}, "edit": {}, "shell": {"timeout_s": None},
        }  # fmt: skip
        return [tool(**options)(getattr(self, name)) for name, options in how.items()]

    async def view(self, path: str, line: int = 1) -> str:
        """Show a part of a file, with the numbers of its lines.

        Args:
            path: the file.
            line: the line that is to be in the middle.
        """
        return await self._do("view", path=path, line=line, window=self.window)

    async def find(self, name: str, folder: str = ".") -> str:
        """Find files by name.

        Args:
            name: the name; * stands for anything.
            folder: where to look, and below.
        """
        return await self._do("find", name=name, folder=folder)

    async def search(self, text: str, path: str = ".") -> str:
        """Search a text in files, and list the lines that have it.

        Args:
            text: as it stands there, in one line.
            path: a file, or a folder, and all below it.
        """
        return await self._do("search", words=text, folder=path)

    async def create(self, path: str, text: str) -> str:
        """Make a new file.

        Args:
            path: the file, which does not exist.
            text: all of it.
        """
        return await self._do("create", path=path, text=text)

    async def edit(self, path: str, first: int, last: int, text: str) -> str:
        """Replace lines of a file. An edit that would make the file invalid is not made.

        Args:
            path: the file.
            first: the first line that is replaced.
            last: the last one; first - 1 to insert before the first.
            text: what stands there then, with its indentation.
        """
        return await self._do("edit", path=path, first=first, last=last, text=text)

    async def shell(self, command: str) -> str:
        """Run a command of the shell, and get its output. There is no network.

        Args:
            command: what is run, from the top of the folder each time.
        """
        try:
            done = await self.box.run(["/bin/sh", "-c", command])
        except SandboxError as error:
            raise CallFailed(f"{error} It was stopped.") from error
        said = shortened(done.stdout + done.stderr)
        return said if done.ok else f"{said}\n(status {done.status})".strip()

    async def patch(self) -> str:
        """Return what was changed in the folder, as a patch; it has to be a repository of git.

        Raises:
            ToolError: it is none.
        """
        script = "git add -A && git -c core.quotepath=off diff --cached --no-color HEAD"
        done = await self.box.run(["/bin/sh", "-c", script])
        if not done.ok:
            raise ToolError(
                f"There is no patch: {done.stderr.strip()[:300]}",
                expected="a folder that is a repository of git, with a commit",
            )
        return done.stdout

    async def _do(self, what: str, **how: Any) -> str:
        order = json.dumps({"do": what, "with": how})
        try:
            done = await self.box.run([self.box.interpreter, "-I", "-c", FILES], stdin=order)
            said = json.loads(done.check().stdout)
        except SandboxError as error:
            raise CallFailed(str(error)) from error
        if "wrong" in said:
            raise CallFailed(str(said["wrong"]))
        return str(said["text"])


def shortened(text: str) -> str:
    """Return an output as a model reads it: the middle of a long one is left out."""
    text = text.strip("\n")
    if len(text) <= SAID:
        return text
    left = len(text) - SAID
    return f"{text[: SAID // 2]}\n({left} characters left out)\n{text[-SAID // 2 :]}"


def repository(files: dict[str, str], folder: str | Path) -> Path:
    """Write files into a folder, and return it.

    Raises:
        ToolError: a path that leads out of it.
    """
    home = Path(folder)
    for name, text in files.items():
        path = home / name
        if path.is_absolute() and not path.is_relative_to(home) or ".." in Path(name).parts:
            raise ToolError(f"{name} is no path inside of a folder.", expected="one without ..")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home
