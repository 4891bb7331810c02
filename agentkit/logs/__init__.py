"""Logs by URL: one open log per file and process, so that there is one writer."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.kept import keeper
from agentkit.log import LOGGER, Log
from agentkit.logs import connecting
from agentkit.logs.files import home, refuse_links
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.regex import lazy_regex
from agentkit.urls import without_login

SERVER = lazy_regex(r"(?i)\s*postgres(ql)?(\+\w+)?:|.*\bpassword\s*=")
"""What names a server in another way than ours: to SQLAlchemy, or in libpq's own form."""

_open: dict[str, Log] = {}
_inherited: list[Log] = []


def _leave_to_parent() -> None:
    """In a forked process: open files anew, and do not even close the parent's."""
    _inherited.extend(_open.values())
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def open_log(url: str | None = None, *, write: bool = True) -> Log:
    """Open a log, or return it when this process has it open already.

    Args:
        url: "sqlite:///file.db" (four slashes for an absolute path), a bare path, "memory:" (a new
            one each time), or "postgresql://user@host/database", with "?schema=..." for one of
            several logs there and any option of libpq; what it leaves out is taken from PGHOST,
            PGPASSWORD, ~/.pgpass, a service file. Without one: $AGENTKIT_LOG, else
            .agentkit/log.db in the folder of the notebook or script (see files.home), wherever
            the process has gone since. "?synchronous=full" makes SQLite survive a power cut
            too, at one disk flush per commit.
        write: make the file if there is none, and record in it; one that is write-protected is
            only read. False: read a file that is there, and change nothing.

    Raises:
        SetupError: no such kind of log, no such file, a link in place of it, or the folder
            cannot be made.
        LogCorrupt, LogNewer, LogLocked: the file cannot be used; it is left untouched.
    """
    if url == "memory:":
        return MemoryLog()
    # What a script names is relative to where it is now; what its reader set, to where it began.
    base = os.getcwd() if url else str(home())
    url = url or os.environ.get("AGENTKIT_LOG") or "sqlite:///.agentkit/log.db"
    if url.startswith(("postgresql://", "postgres://")):
        return _server(url, write)
    if url == "memory:":
        return _open.setdefault("memory:", MemoryLog())
    path, option = (_named if "~" not in url else _named.__wrapped__)(url, base)
    with connecting.opening:
        return _opened(path, option, write)


@functools.lru_cache(64)
def _named(url: str, base: str) -> tuple[Path, str]:
    """The file and the option of a URL; every ask opens the log, so it is worked out once.

    Raises:
        SetupError: no such kind of log, or a link in place of the file.
    """
    scheme, mark, rest = url.partition(":///")
    if not mark:
        scheme, rest = ("sqlite", url) if "://" not in url else (url.split("://")[0], "")
    name, _, option = rest.partition("?")
    server = scheme != "sqlite" or SERVER.match(url)
    if server or not name or option not in ("", "synchronous=full"):
        raise SetupError(
            f"There is no log at {without_login(url)!r}.",
            expected="'sqlite:///file.db', with ?synchronous=full or not, a path, 'memory:', or"
            " 'postgresql://...'",
            todo="write it so: postgresql://user@host:port/database" if SERVER.match(url) else None,
        )
    path = Path(os.path.abspath(os.path.join(base, os.path.expanduser(name))))
    refuse_links(path)
    return path.resolve(), option


def _opened(path: Path, option: str, write: bool) -> Log:
    """The log in a file, opened once."""
    key = f"{path}?{option}"
    found = _open.get(key)
    if isinstance(found, SqliteLog) and found.gone:
        LOGGER.warning("The log %s was deleted or replaced; runs go to the file there now.", path)
        found = _open.pop(key, None) and None
    if found is None and not write:
        return _to_read(path)
    if found is None:
        found = log = file_log(path, full=option == "synchronous=full")
        _open[key] = log
        log.on_close = functools.partial(_forget, key, log)
    return found


def file_log(path: Path, *, full: bool) -> SqliteLog:
    """A log in a file, which a browser keeps where that is a page's own."""
    if (keep := keeper(path)) is None:
        return SqliteLog(path, full=full)
    from agentkit.logs.page import KeptLog

    return KeptLog(path, keep, full=full)


def _server(url: str, write: bool) -> Log:
    """The log in a database, opened once.

    Raises:
        SetupError: the extra is not installed, or that is no URL of a log.
    """
    try:
        from agentkit.logs.postgres.address import address_of
        from agentkit.logs.postgres.storage import PostgresLog
    except ImportError as error:
        raise missing_extra(error) or error from error
    address = address_of(url)
    with connecting.opening:
        if (found := _open.get(address.key)) is not None:
            return found
        log = PostgresLog(address, write=write)
        if write:
            _open[address.key] = log
            log.on_close = functools.partial(_forget, address.key, log)
        return log


def _forget(key: str, log: Log) -> None:
    """Take a log that was closed from those that are open."""
    if _open.get(key) is log:
        del _open[key]


def _to_read(path: Path) -> Log:
    """A log that is there, to read only."""
    if not path.exists():
        raise SetupError(
            f"There is no log at {path}.",
            expected="the file that runs were recorded in",
            todo="name it by --log or $AGENTKIT_LOG; without them it is .agentkit/log.db in the"
            " folder of the notebook or script",
        )
    return SqliteLog(path, write=False)
