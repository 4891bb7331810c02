"""Finds the server of a model, or starts it: one for all processes of this user."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.local import serving
from agentkit.local.files import locked, runtime
from agentkit.local.gguf import GgufHead, read_head
from agentkit.local.machine import fit, free_memory
from agentkit.local.progress import Report, silent
from agentkit.sim.server.process import end, environment, first_line, tail_of

START_S = 180.0
"""Seconds that a large model may take to load from a slow disk."""
IDLE_S = 1200.0
"""Seconds without a question after which a server ends; the next question starts it again."""
DOOR_S = 5.0
THREADS = "AGENTKIT_LOCAL_THREADS"


class LocalFailed(SetupError):
    """The server of a local model did not start. `log` is the end of its log."""


class NoTemplate(SetupError):
    """A model has no chat template, so that nobody can talk with it."""


class HeldServer(NamedTuple):
    """A server that is used by this process, as long as the connection is open."""

    url: str
    key: str
    pid: int
    log: str
    head: GgufHead
    connection: socket.socket

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            self.connection.setblocking(False)
            return self.connection.recv(64, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def stir(self) -> None:
        """Tell it that it is at work for this process, where it does not count that itself."""
        with suppress(OSError):  # it has ended: what is asked of it next says so
            self.connection.send(b".")

    def __repr__(self) -> str:
        return f"HeldServer({self.url}, pid={self.pid})"


def check_installed() -> None:
    """See to it that the server's program is here.

    Raises:
        SetupError: it is not; with what to do.
    """
    if find_spec("xllamacpp"):
        return
    if not ready_made(sys.platform, platform.machine()):
        raise SetupError(
            f"There is no ready-made llama.cpp server for {sys.platform} on {platform.machine()}",
            expected=READY_MADE,
            todo=OWN_SERVER,
        )
    error = missing_extra(ModuleNotFoundError("xllamacpp", name="xllamacpp"))
    assert error is not None
    error.todo = (
        f"{error.todo}. It brings llama.cpp's server, ready-made for {READY_MADE}. Without: "
        f"{OWN_SERVER}"
    )
    raise error


READY_MADE = "Linux (x86_64, aarch64), macOS and Windows on AMD64"
OWN_SERVER = (
    "start a server of your own (llama-server, Ollama), here or elsewhere, and use"
    ' connect(..., base_url="http://...") or "ollama:MODEL"'
)


def ready_made(system: str, machine: str) -> bool:
    """Whether pip brings the server's program; compare the extra `local` in pyproject.toml."""
    known = {"linux": ("x86_64", "aarch64"), "win32": ("AMD64",)}
    return system == "darwin" or machine in known.get(system, ())


def checked(name: str, path: Path, template: str = "") -> GgufHead:
    """What a file says of itself, if a server can be made of it.

    Raises:
        SetupError: it is no model, or NoTemplate.
    """
    head = read_head(path)
    if not (head.template or template or head.embeds):
        raise NoTemplate(
            f"{name} has no chat template: it is a base model, which goes on with a text and"
            " answers nobody",
            expected="an instruct or chat model",
            todo="take the model's version called Instruct, Chat or it",
        )
    return head


def running(name: str, path: Path, template: str = "", report: Report = silent) -> HeldServer:
    """The server of a model, which is started if none of this user runs. Blocks.

    Args:
        name: of the model, as errors tell it.
        path: its weights.
        template: a file of agentkit's own to use as its chat template.
        report: is told how far it is.

    Raises:
        SetupError: it cannot be started.
    """
    check_installed()
    head = checked(name, path, template)
    facts = path.stat()
    mark = f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns} {template}"
    stem = hashlib.sha256(mark.encode()).hexdigest()[:24]
    state = runtime() / f"{stem}.json"
    found = held(state, head)
    if found is None:
        with locked(stem, runtime()):
            found = held(state, head)
            if found is None:
                report(f"starting {name}", 0, 0)
                start(command(name, path, head, state, template), name, state)
                found = held(state, head)
    if found is None:
        raise LocalFailed(
            f"The server of {name} ended as soon as it had started.", todo="ask again"
        )
    return found


def held(state: Path, head: GgufHead) -> HeldServer | None:
    """A connection to a server that runs already; None if none does."""
    try:
        told = json.loads(state.read_text(encoding="utf-8"))
        connection = socket.create_connection(("127.0.0.1", int(told["door"])), DOOR_S)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        connection.sendall(str(told["key"]).encode() + b"\n")
        if connection.recv(64) == b"welcome\n":
            return HeldServer(told["url"], told["key"], told["pid"], told["log"], head, connection)
    except (OSError, KeyError):
        pass
    connection.close()
    return None


def command(name: str, path: Path, head: GgufHead, state: Path, template: str) -> list[str]:
    """What starts a server that others find.

    Raises:
        SetupError: too little memory.
    """
    shape = fit(name, head, path.stat().st_size, free_memory())
    # Without -P a module of the reader's that is called like one of Python's would be imported.
    words = [sys.executable, "-P", serving.__file__]
    words += ["--model", str(path), "--name", name, "--log", str(state.with_suffix(".log"))]
    words += ["--threads", str(setting(THREADS, shape.threads))]
    words += ["--slots", str(shape.slots), "--slot-tokens", str(shape.slot_tokens)]
    words += ["--idle-s", str(setting("AGENTKIT_LOCAL_IDLE_S", IDLE_S))]
    words += ["--state", str(state), *(["--embeds"] if head.embeds else [])]
    own = Path(__file__).with_name("templates") / template
    return [*words, *(["--template", str(own)] if template else [])]


def setting(variable: str, default: float) -> float:
    """A number from the environment.

    Raises:
        SetupError: it is none.
    """
    given = os.environ.get(variable, "").strip()
    with suppress(ValueError):
        if not given or float(given) >= 0:
            return type(default)(float(given)) if given else default
    raise SetupError(f"{variable}={given!r}", expected="a number from 0")


def start(words: list[str], name: str, state: Path) -> None:
    """Start a server and wait until it answers.

    Raises:
        SetupError: it does not; with the end of its log.
    """
    log = state.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
            env={**environment(), "AGENTKIT_LOCAL_KEY": secrets.token_urlsafe(24)},
            # Interrupting a notebook's kernel does not interrupt it, and others use it too.
            start_new_session=True,
        )
    try:
        line = first_line(process, START_S)
    except BaseException:
        process.kill()
        end(process)
        raise
    if line.startswith("READY"):
        assert process.stdout is not None
        process.stdout.close()
        # It is nobody's child to wait for: whoever used it last may be another process.
        process.returncode = 0
        return
    process.kill()
    end(process)
    raise failed(name, tail_of(log), process.returncode)


ARCHITECTURE = re.compile(r"unknown model architecture: '([^']*)'")


def failed(name: str, tail: str, code: int | None) -> LocalFailed:
    """Why a server did not start, from the end of its log."""
    what, todo = f"ended with code {code}", "see its words above"
    if found := ARCHITECTURE.search(tail):
        what = f"does not know models of the kind {found[1]!r}"
        todo = "update it (pip install -U 'jupyter-agentkit[local]'), or take another model"
    elif serving.DEAF in tail:
        what = "has a chat template that is broken: it drops what is said"
        todo = "take another file of the model; publishers mend their templates now and then"
    elif "couldn't bind" in tail:
        what = "cannot have that port: it is taken, or this user may not have it"
        todo = "choose another one, or 0 for any"
    elif re.search(r"failed to allocate|out of memory|bad_alloc", tail) or code == -9:
        what, todo = "got too little memory", "use a smaller model, or end other programs"
    elif "failed to load model" in tail:
        what = "cannot read the file"
        todo = "the file is broken or cut: agentkit local rm, then agentkit local pull"
    elif "Failed to init server" in tail:
        what = "did not start with that file, and does not say why"
        todo = "look whether the file is broken or cut: agentkit local rm, then agentkit local pull"
    return LocalFailed(
        f"The server of {name} {what}. The end of its log:\n{tail or '(nothing)'}",
        expected="a server that answers",
        todo=todo,
        log=tail,
    )
