"""%log: where runs are recorded, a copy of it to take away, and one that was taken elsewhere."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from pathlib import Path
from typing import Any

from IPython.display import display

from agentkit.amounts import count
from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.kept import Keep, keep, told
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.words import for_html
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, meant
from nbext.session import Session
from nbext.show import publish
from nbext.table import Told

ACTIONS = ("save", "open")

DRIVE = "/drive"
"""Where a page's kernel has the files of the site."""

LINK = 30_000_000
"""A copy up to so many bytes is offered as a link, too, in a page."""


async def log(session: Session, line: Line, body: str | None) -> Told:
    """Tell where runs are recorded; save a copy, or go over to another log.

    `%log save [FILE]` copies all that was committed into a new file; in a browser it gives a link
    that downloads it, too. `%log open FILE` records from now on in that log, which is checked
    first; a log of an earlier version is brought up to date. In a browser FILE is copied among the
    logs that the browser keeps for this site, `%log open NAME` goes over to another of those, and
    `%log open` has a button for a file of the visitor's own machine.
    """
    action, *names = line.words or ("",)
    if not action:
        return Told(text=about(session))
    if action == "save" and len(names) <= 1:
        return save(session, Path(names[0] if names else "agentkit-log.db"))
    if action == "open" and len(names) == 1:
        return await open_other(session, names[0])
    if action == "open" and (found := keep()) is not None:
        return choose(session, found)
    raise SetupError(
        f"%log does not know {' '.join(line.words)!r}.",
        expected="%log, %log save [FILE], %log open FILE",
        todo=meant(action, ACTIONS) if action not in ACTIONS else None,
    )


def about(session: Session) -> str:
    """Where runs are recorded, and what other logs the browser keeps."""
    found = keep()
    url = session.log.url
    where = "memory, until this kernel ends" if isinstance(session.log, MemoryLog) else url
    lines = [f"Recorded in {where}, {runs(session.log)}."]
    if found is not None:
        lines.append(told(found) or f"The browser keeps it as {found.name!r}.")
        if others := json.loads(found.others):
            names = ", ".join(f"{name} ({size / 1e6:.1f} MB)" for name, size in others)
            lines.append(f"Other logs that it keeps: {names}.")
    return " ".join(lines)


def runs(log: Log) -> str:
    """How many runs a log has, in words."""
    n = len(log.runs())
    return f"{count(n)} run{'' if n == 1 else 's'}"


def save(session: Session, path: Path) -> Told:
    """Copy the log, and offer the copy for download in a page.

    Raises:
        SetupError: there is such a file already, or it cannot be made.
    """
    log = session.log
    if isinstance(log, MemoryLog):
        raise SetupError(
            "This log is in the kernel's memory, and cannot be saved.",
            todo="record into a file: without AGENTKIT_LOG=memory: before %load_ext nbext",
        )
    if not isinstance(log, SqliteLog):
        raise SetupError(
            f"The log {log.url} is no file.", todo="copy it in a terminal: agentkit log copy"
        )
    if keep() is None:
        log.copy(path)
        return Told(text=f"Saved as {path}.")
    # What a page's drive holds is written when a file is closed, and SQLite wants more than that.
    made = Path("/tmp") / path.name
    made.unlink(missing_ok=True)
    log.copy(made)
    data = made.read_bytes()
    made.unlink()
    if path.exists():
        raise SetupError(f"There is a file {path} already.", expected="a new file")
    try:
        path.write_bytes(data)
        where = f"Saved as {path} among the files of this site."
        if not path.absolute().is_relative_to(DRIVE):
            where = f"Saved as {path} until this page is closed: the link keeps it."
    except OSError as error:
        where = f"It could not be put among the files of this site ({error}): use the link."
    if len(data) <= LINK:
        name = for_html(path.name)
        coded = base64.b64encode(data).decode()
        link = f'<a download="{name}" href="data:application/octet-stream;base64,{coded}">Download'
        publish({"text/html": f"{link} {name} ({len(data) / 1e6:.1f} MB)</a>", "text/plain": where})
    return Told(text=where)


def idle(session: Session) -> None:
    """See to it that nothing is recorded while the log is changed for another.

    Raises:
        SetupError: runs go on.
    """
    busy = [one for one in session.foreground.values() if one and not one.done()]
    if busy or session.working():
        raise SetupError(
            "Runs of this notebook are recorded now.", todo="wait for them, or %stop, then open"
        )


async def open_other(session: Session, name: str) -> Told:
    """Record in another log from now on.

    Raises:
        SetupError: there is none, or others write it. LogError: it is no log that can be used.
    """
    idle(session)
    if (found := keep()) is not None:
        file = Path(name)
        if file.exists():
            return await take(found, file.stem, file.read_bytes())
        return await open_kept(found, name)
    path = Path(name).absolute()
    if not path.exists():
        raise SetupError(f"There is no log {path}.", expected="a file that runs were recorded in")
    opened = open_log(str(path))
    os.environ["AGENTKIT_LOG"] = opened.url
    return Told(text=f"From now on runs are recorded in {path}, {runs(opened)} so far.")


def choose(session: Session, found: Keep) -> Told:
    """Show a button for a log on the visitor's own machine."""
    import ipywidgets

    button = ipywidgets.FileUpload(accept=".db", multiple=False, description="Choose a log")
    label = ipywidgets.Label()

    async def opened(name: str, data: bytes) -> None:
        try:
            idle(session)
            label.value = (await take(found, Path(name).stem, data)).text
        except AgentkitError as error:
            label.value = " ".join(error_text(error).split())

    def chosen(change: dict[str, Any]) -> None:
        for one in change["new"]:
            tasks.append(asyncio.ensure_future(opened(str(one["name"]), bytes(one["content"]))))

    tasks: list[asyncio.Future[None]] = []
    button.observe(chosen, "value")
    display(ipywidgets.HBox([button, label]))  # type: ignore[no-untyped-call]
    return Told(text="A log that was saved before, from this machine.")


async def take(found: Keep, stem: str, data: bytes) -> Told:
    """Keep a log that was saved, under a name that no other has, and go over to it.

    Raises:
        LogError: it is none.
    """
    checked(data)
    name = re.sub(r"[^\w-]+", "-", stem) or "opened"
    names = {found.name, *(one for one, _ in json.loads(found.others))}
    while name in names:
        name += "-new"
    return await open_kept(found, name, data)


async def open_kept(found: Keep, name: str, data: bytes = b"") -> Told:
    """Go over to a log that the browser keeps, or is to keep from now on.

    Raises:
        SetupError: there is none of that name, or others write it.
    """
    if wrong := await found.open(name, bool(data)):
        raise SetupError(
            f"The log {name!r} cannot be opened: {wrong}.",
            expected="a log that %log lists, or a file of this site",
            todo="%log open has a button for a file of your own machine",
        )
    path = Path(found.path)
    if data:
        path.write_bytes(data)
    os.environ["AGENTKIT_LOG"] = f"sqlite:///{path}"
    opened = open_log()
    return Told(text=f"From now on runs are recorded in {name!r}, {runs(opened)} so far.")


def checked(data: bytes) -> None:
    """See to it that a file is a log, before the browser keeps it.

    Raises:
        LogError: it is not, or it is newer than this version.
    """
    copy = Path("/tmp/agentkit-opened.db")
    copy.write_bytes(data)
    try:
        with_it: Any = open_log(str(copy), write=False)
        with_it.close()
    finally:
        copy.unlink(missing_ok=True)


LOG = Magic(
    "log",
    "line",
    Grammar(magic="%log", usage="[save [FILE] | open FILE]", takes=("LOG", "FILE"), most=2),
    log,
)
