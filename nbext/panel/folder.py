"""Runs of notebooks that are not open, from the log of a folder; it is only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.lease import owner_gone
from agentkit.log import Log
from agentkit.logs.files import refuse_links
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import JSON
from nbext.panel.rows import row
from nbext.panel.views import Views

PROTOCOL = 1
MOST = 2000
"""Runs that are listed, the newest."""

LOG = Path(".agentkit") / "log.db"

OWNERS = " | "
"""In a mark between the state of the file and who writes it."""


def order_answered(root: Path, folder: str, order: dict[str, Any]) -> dict[str, JSON]:
    """Read what an order asks for, or say why not."""
    try:
        return carry_out(root, folder, order)
    except AgentkitError as error:
        return {"error": error_text(error)}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"agentkit does not understand this order: {error!r}"}


def carry_out(root: Path, folder: str, order: dict[str, Any]) -> dict[str, JSON]:
    """Read what an order asks for: the runs of a folder's log, or a view of one.

    Args:
        root: the folder that the server serves.
        folder: below it, with slashes.
        order: "do" is runs, view or ask; with "mark", runs that are as they were are not sent.

    Raises:
        SetupError: the folder is not below the root. LogError, UnknownRun: it cannot be read.
    """
    path = place_of(root, folder)
    if order["do"] == "runs":
        return listed(root, folder, order.get("mark"))
    return shown(path, order)


def listed(root: Path, folder: str, known: Any) -> dict[str, JSON]:
    """The runs of a folder's log, unless they are as they were at a mark that is known.

    A mark names the state of the file, and after it who writes the runs that go on: a writer that
    was killed leaves the file as it is, and its runs are lost all the same.
    """
    path = place_of(root, folder)
    mark = mark_of(path)
    head: dict[str, JSON] = {"protocol": PROTOCOL, "folder": folder}
    before, _, owners = known.partition(OWNERS) if isinstance(known, str) else ("", "", "")
    if before == mark and not any(owner_gone(one) for one in owners.split()):
        return {**head, "mark": str(known)}
    found, writing = runs(root, path)
    return {**head, "mark": OWNERS.join([mark, *writing]), "runs": found}


def shown(path: Path, order: dict[str, Any]) -> dict[str, JSON]:
    """One run as a view, or what its picture was asked."""
    log = opened(path)
    try:
        views = Views(log)
        if order["do"] == "view":
            since = order.get("since")
            known = since if isinstance(since, int) else 0
            return views.patch(order["run"], order["name"], known)
        if order["do"] == "ask":
            return views.asked(order["run"], order["name"], order["content"]) or {}
    finally:
        log.close()
    raise SetupError(f"There is no order {order['do']!r}.", expected="runs, view or ask")


def place_of(root: Path, folder: str) -> Path:
    """The log of a folder, which has to be below the root, links followed.

    Raises:
        SetupError: it is not.
    """
    base = root.resolve()
    found = (base / folder).resolve()
    if "\0" in folder or not found.is_relative_to(base):
        raise SetupError(f"{folder!r} is not in the folder that this server serves.")
    return found / LOG


def mark_of(path: Path) -> str:
    """Name the state of a log's file, so that one that nobody wrote to is not read again."""
    marks = []
    for one in (path, path.with_name(path.name + "-wal")):
        try:
            stat = one.stat()
        except OSError:
            marks.append("-")
            continue
        marks.append(f"{stat.st_ino}.{stat.st_mtime_ns}.{stat.st_size}")
    return " ".join(marks)


def runs(root: Path, path: Path) -> tuple[JSON, list[str]]:
    """The runs of a log, the newest first, and who writes those that go on, if anybody.

    Their places are relative to the root where they are below it.
    """
    if not path.exists():
        return [], []
    log = opened(path)
    try:
        infos = log.runs()[:MOST]
    finally:
        log.close()
    found = [row(info) for info in infos]
    base = root.resolve()
    for one in found:
        place = Path(str(one["place"])) if one["place"] else None
        if place is not None and place.is_absolute() and place.is_relative_to(base):
            one["place"] = place.relative_to(base).as_posix()
    going = zip(infos, found, strict=True)
    writing = sorted({info.owner for info, one in going if one["state"] == "running"})
    return list(found), [" ".join(writing)] if writing else []


def opened(path: Path) -> Log:
    """A log that is there, only to be read, and only by who asks here.

    Raises:
        SetupError: a link in place of it. LogError: it cannot be read.
    """
    refuse_links(path)
    return SqliteLog(path, write=False)
