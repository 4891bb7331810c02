"""Where logs lie, and what their files must be: their owner's alone, no links, still there."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agentkit.errors import LogGone, SetupError
from agentkit.place import here

FOLDER = ".agentkit"

HOME = "AGENTKIT_HOME"
"""Tells the programs that a notebook's cells start where the notebook's home is."""

SIDES = ("-wal", "-shm", "-journal")
"""Ends of the names of what SQLite puts next to a file."""

Identity = tuple[int, int] | None
"""Device and inode of a file; None where there is none."""


@functools.cache
def home() -> Path:
    """The folder of this process's notebook or script; the same however often it changes folder.

    A kernel's is its notebook's, as Jupyter tells it, or the one that it was started in; any
    other process's is the working directory when this is first called.
    """
    shell = kernel()
    if shell is None:
        return Path.cwd()
    notebook = Path(here() or "")
    if notebook.is_absolute() and notebook.parent.is_dir():
        return notebook.parent
    return Path(shell.starting_dir)


def kernel() -> Any:
    """The IPython shell of this process; None in any other."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def folder() -> Path:
    """`.agentkit` in the home of this process."""
    return home() / FOLDER


def refuse_links(path: Path) -> None:
    """Refuse a log whose files lie elsewhere than they seem to.

    A folder that was fetched from somewhere could lead our writing into any file of its reader's.

    Raises:
        SetupError: where it leads, and how to go there on purpose.
    """
    ours = [path.parents[n] for n, name in enumerate(path.parts[-2::-1]) if name == FOLDER]
    sides = [path.with_name(path.name + side) for side in SIDES]
    for one in [*ours, *([path] if ours else []), *sides]:
        if one.is_symlink():
            leads = os.path.realpath(path if one not in sides else one)
            raise SetupError(
                f"{one} is a symbolic link; {path.name} would be {leads}.",
                expected="a file and a folder of its own",
                todo="remove the link"
                + ("" if one in sides else f", or go there on purpose: AGENTKIT_LOG={leads}"),
            )


def make_private(path: Path) -> None:
    """Make the file, and its folder if there is none, for their owner alone.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    make_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name for a new file while it is made; it has its own once all is in it.

    Whoever is killed meanwhile leaves nothing that could be taken for the whole.

    Raises:
        SetupError: there is something already, or no file can be made there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident():x}.part")
    try:
        if os.path.lexists(path):
            raise FileExistsError("it exists")
        make_private(part)
    except OSError as error:
        raise uncopied(path, error) from error
    try:
        yield part
        try:
            put_in_place(part, path)
        except OSError as error:
            raise uncopied(path, error) from error
    finally:
        for end in ("", *SIDES):
            part.with_name(f"{part.name}{end}").unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a file its name, which none has yet.

    Raises:
        OSError: one has it.
    """
    try:
        os.link(part, path)
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError("it exists") from None
        os.rename(part, path)  # a file system without links


def uncopied(path: Path, error: OSError) -> SetupError:
    """The error of a file that cannot be made."""
    return SetupError(f"No copy can be made at {path}: {error}.", expected="a new file")


def make_folder(path: Path) -> None:
    """Make the folder, and what is missing above it, for their owner alone.

    Raises:
        OSError: it cannot be made.
    """
    for one in (*reversed(path.parents), path):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(exist_ok=True)


def keep_private(path: Path) -> None:
    """Take the rights of others away from a file of ours, and from the folder that it is in."""
    if path.parent.name == FOLDER:
        for one in (path.parent, path):
            take_rights(one)


def take_rights(path: Path) -> None:
    """Leave a file, or folder, to its owner alone, if that is who runs this process."""
    found = os.stat(path)
    if found.st_uid == owner() and found.st_mode & 0o077:
        os.chmod(path, found.st_mode & 0o7700)


def owner() -> int:
    """The user of this process; -1 where there are no users."""
    return os.geteuid() if hasattr(os, "geteuid") else -1


def writable(path: Path) -> bool:
    """Whether the file and its folder can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def identity(path: str, *, follow: bool = True) -> Identity:
    """Which file is there now, at the end of a link or, not followed, the link itself."""
    try:
        found = os.stat(path, follow_symlinks=follow)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def bytes_of(path: Path) -> int | None:
    """Size of a file; None where there is none, as soon as whoever closes the log removed it."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


class WatchedFiles:
    """The files that a connection writes to, by what they were when it was made."""

    def __init__(self, path: Path, anew: Callable[[Path], bool]) -> None:
        """Look at them.

        Args:
            path: of the main file.
            anew: whether it was written anew, as an erasure does, where it has fewer bytes now.
        """
        self.path, self.main, self.anew = path, str(path), anew
        self.files = {name: identity(name, follow=False) for name in (str(path), f"{path}-wal")}
        self.least = bytes_of(path) or 0
        """Bytes of the main file, which grows until it is written anew."""

    @property
    def gone(self) -> bool:
        """Whether the connection writes to what nobody would find again."""
        main = self.main
        for name, was in self.files.items():
            if was is None:
                continue
            try:
                found = os.lstat(name)  # done for every run: one call tells all of a file
            except OSError:
                return True
            if (found.st_dev, found.st_ino) != was:
                return True
            if name == main:
                if found.st_size < self.least and not self.anew(self.path):
                    return True
                self.least = found.st_size
        return False

    def check(self) -> None:
        """Raise LogGone if the files were deleted, moved or replaced."""
        if self.gone:
            what = "replaced, or cut off," if self.path.exists() else "deleted or moved away"
            raise LogGone(
                f"The log {self.path} was {what} while this process wrote it.",
                expected="the file as it was opened; nothing more is recorded into the old one",
                todo="bring it back, or ask again: the next run goes to the file there then",
            )
