"""Connections to Chroma: one for each folder in this process, or one to a server."""

from __future__ import annotations

import importlib
import threading
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentkit.logs import files
from agentkit.validator import loaded
from memory.errors import StoreTaken
from memory.stores.chromaerrors import folder_gone

DATABASE = "chroma.sqlite3"
"""Chroma's own file in its folder."""

ANSWER_S = 60.0
"""How long a server may take for one answer."""


class Folder:
    """An embedded database that is open, the lock that keeps others out, and who uses it."""

    def __init__(self, path: str, client: Any, lock: Any) -> None:
        self.client, self.lock = client, lock
        self.database = str(Path(path, DATABASE))
        self.identity = files.identity(self.database, follow=False)
        self.users: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def gone(self) -> bool:
        """Whether what is written would be found by nobody."""
        return files.identity(self.database, follow=False) != self.identity

    def close(self) -> None:
        """Let go of the files."""
        self.client.close()
        self.lock.release()


class Folders:
    """The embedded databases of this process."""

    def __init__(self) -> None:
        self._open: dict[str, Folder] = {}
        self._mutex = threading.Lock()

    def take(self, path: str, user: Any) -> Any:
        """The client of a folder, which stays open as long as somebody uses it.

        Raises:
            StoreTaken: another process has it.
        """
        chromadb = library()
        from filelock import FileLock, Timeout

        files.refuse_links(Path(path).absolute())
        path = str(Path(path).resolve())
        with self._mutex:
            if path in self._open and self._open[path].gone:
                # Those who have it open are told so by their next call.
                self._open.pop(path).close()
            if path not in self._open:
                new = not Path(path).exists()
                files.make_folder(Path(path))
                lock = FileLock(Path(path, "agentkit.lock"), thread_local=False)
                try:
                    lock.acquire(timeout=0)
                except Timeout as error:
                    raise StoreTaken(
                        f"Another process has the Chroma store {path} open.",
                        expected="one process per embedded store",
                        todo="close the other kernel, or share a server: chroma run --path"
                        f" {path}, then store='http://127.0.0.1:8000'",
                    ) from error
                try:
                    client = chromadb.PersistentClient(path, quiet(chromadb))
                except BaseException:
                    lock.release()
                    raise
                for made in Path(path).iterdir() if new else ():
                    files.take_rights(made)
                self._open[path] = Folder(path, client, lock)
            self._open[path].users.add(user)
            return self._open[path].client

    def release(self, path: str, user: Any) -> None:
        """Close a folder once nobody here uses it, so that another process can open it."""
        path = str(Path(path).resolve())
        with self._mutex:
            folder = self._open.get(path)
            if folder is None:
                return
            folder.users.discard(user)
            if not folder.users:
                del self._open[path]
                folder.close()

    def check(self, path: str, user: Any) -> None:
        """See to it that what is written will be found, and what is read is what is there.

        Raises:
            StoreGone: the folder was deleted or replaced since it was opened.
        """
        folder = self._open.get(path) or self._open.get(str(Path(path).resolve()))
        if folder is None or user not in folder.users or folder.gone:
            raise folder_gone(path)


FOLDERS = Folders()


def library() -> Any:
    """Chroma's package; what its import of `jsonschema` would compile beside it waits for use."""
    loaded()
    return importlib.import_module("chromadb")


def quiet(chromadb: Any) -> Any:
    """Settings with which nothing is told to Chroma's makers."""
    return chromadb.Settings(anonymized_telemetry=False)


def remote(url: str) -> Any:
    """The client of a server.

    Raises:
        httpx.TransportError: nobody answers there.
    """
    import httpx

    chromadb = library()
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "127.0.0.1", parts.port or (443 if secure else 8000)
    # Chroma itself waits for ever, from its first call on.
    httpx.get(f"{parts.scheme}://{host}:{port}/api/v2/heartbeat", timeout=ANSWER_S)
    client = chromadb.HttpClient(host=host, port=port, ssl=secure, settings=quiet(chromadb))
    for session in sessions(client):
        session.timeout = ANSWER_S
    return client


def sessions(client: Any) -> list[Any]:
    """The HTTP sessions of a client, which Chroma hides: its own and its admin's."""
    owners = (client, getattr(client, "_admin_client", None))
    found = [getattr(getattr(one, "_server", None), "_session", None) for one in owners]
    return [one for one in found if one is not None]


def disconnect(client: Any) -> None:
    """Close the client of a server; Chroma itself leaves its connections open."""
    open_ones = sessions(client)
    client.close()
    for session in open_ones:
        session.close()
