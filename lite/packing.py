"""What Python of the site begins with: one archive of packages, and the standard library, compiled.

A page that compiles what it imports takes most of its start for that, and one that unpacks wheels
by Python most of the rest. So the wheels are unpacked when the site is built, what a lesson's first
cells import is compiled by the Pyodide that will run it, and all is put into one file, which
`unpack.mjs` lays out in the page's memory.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent

NEVER = (
    "jedi/third_party/django-stubs/",
    "jedi/third_party/typeshed/stubs/",
    "jedi/third_party/typeshed/third_party/",
    "ipywidgets/widgets/tests/",
)
"""What no lesson needs, by the beginnings of paths: stubs of packages that no page has."""

DATE = (2020, 1, 1, 0, 0, 0)


def unpacked(wheels: Sequence[Path], folder: Path) -> None:
    """Unpack wheels as an installer does, without what no lesson needs.

    Args:
        wheels: files.
        folder: becomes the folder of packages; what it had is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as packed:
            for name in packed.namelist():
                if name.endswith("/") or name.startswith(NEVER):
                    continue
                place = placed(name)
                if place is None:
                    continue
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(name))


def placed(name: str) -> str | None:
    """Where a file of a wheel belongs among the packages; None for what belongs elsewhere."""
    top, _, rest = name.partition("/")
    if not top.endswith(".data"):
        return None if top.endswith(".dist-info") and rest == "RECORD" else name
    scheme, _, inner = rest.partition("/")
    return inner if scheme in ("purelib", "platlib") else None


def library(pyodide: Path, folder: Path) -> None:
    """Unpack the standard library of a Pyodide into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(pyodide / "python_stdlib.zip") as packed:
        packed.extractall(folder)


def compiled(pyodide: Path, packages: Path, standard: Path) -> None:
    """Compile what a lesson's first cells import in two folders, by the Pyodide that will run them.

    Args:
        pyodide: its folder.
        packages: compiled into `__pycache__`.
        standard: compiled beside the sources, which is where an archive is looked at.

    Raises:
        subprocess.CalledProcessError: Node or Pyodide failed; it says why on standard error.
    """
    command = ["node", FOLDER / "compile.mjs", pyodide, packages, standard]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Files of a folder by their paths, in the order of these."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield file.relative_to(folder).as_posix(), file.read_bytes()


def archive(folder: Path, target: Path) -> None:
    """Write a folder as one file, the same each time.

    It is gzip of a table's length, the table and all bytes. The length has four bytes, the lowest
    first; the table is JSON: `[[path, size], ...]`.
    """
    found = list(files(folder))
    table = json.dumps([[path, len(content)] for path, content in found]).encode()
    whole = b"".join([len(table).to_bytes(4, "little"), table, *(content for _, content in found)])
    target.write_bytes(gzip.compress(whole, 9, mtime=0))


def zipped(folder: Path, target: Path) -> None:
    """Write a folder as a zip, the same each time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path, content in files(folder):
            packed.writestr(
                zipfile.ZipInfo(path, DATE),
                content,
                compress_type=zipfile.ZIP_DEFLATED,
                compresslevel=9,
            )
