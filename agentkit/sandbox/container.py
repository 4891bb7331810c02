"""The command line that runs a program in a container of Podman, made of this machine's programs.

Inside there is what is inside of bubblewrap, see there: no image is pulled, because the root of the
container is an empty folder, and the system's programs are mounted into it to be read. Podman adds
the bounds of a control group, and takes all with it when the container ends.

Who starts it without being root has it in a user namespace, and owns in it what is theirs outside.
A container does not die with whoever started it, as bubblewrap does: Podman ends it when its time
is up at the latest.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from agentkit.sandbox import calls
from agentkit.sandbox.bubblewrap import (
    ABOVE,
    INSIDE_UID,
    SETTINGS,
    SYSTEM,
    WORK,
    bounded,
    interpreter,
)
from agentkit.sandbox.errors import TimeSpent
from agentkit.sandbox.limits import Limits
from agentkit.sandbox.running import RunningProgram

RUNTIMES: tuple[tuple[str, ...], ...] = ((), ("--runtime", "runc"), ("--runtime", "crun"))
"""What starts a container: Podman's own choice, or one that knows older control groups."""

MOUNTPOINTS = ("etc", "dev", "proc", "sys", "tmp", "box", "run", "var")

FIRST = ["/bin/sh", "-c", '"$@"; exit $?', "sh"]
"""The first process of the container: a signal that ends the program would not end a first one."""

AS_THREE = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
"""Podman hands on open files from the third on; a shell may know none beyond the ninth."""

PATIENCE_S = 20.0
"""How long Podman may take to say whether it works here, or to take a container away."""

HOSTS = ("PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR",
         "DBUS_SESSION_BUS_ADDRESS")  # fmt: skip
"""What of our environment Podman itself needs; nothing of it is inside."""


def engine_env() -> dict[str, str]:
    """Return the environment of Podman itself."""
    return {name: os.environ[name] for name in HOSTS if name in os.environ}


@cache
def launcher() -> tuple[str, ...] | None:
    """Return how Podman starts a container that keeps our bounds here; None where it cannot."""
    path = shutil.which("podman")
    if path is None or not sys.platform.startswith("linux") or calls_form() is None:
        return None
    with tempfile.TemporaryDirectory(prefix="agentkit-box-") as home:
        for runtime in RUNTIMES:
            engine = (path, *runtime)
            place = ContainerFiles(Path(home))
            uid = 0x40000000 if os.geteuid() == 0 else INSIDE_UID
            place.folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                Path(home).chmod(0o711)
                os.chown(place.folder, uid, uid)
            tried = command(
                ["/bin/sh", "-c", "echo yes > made"], engine=engine, place=place, limits=Limits(),
                uid=uid, folder=place.folder, read={}, env={"PATH": "/usr/bin:/bin"}, channel=None,
            )  # fmt: skip
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                done = subprocess.run(
                    tried, capture_output=True, timeout=PATIENCE_S, check=False, env=engine_env()
                )
                if done.returncode == 0 and (place.folder / "made").exists():
                    return engine
    return None


class ContainerFiles:
    """Files of one container outside of it."""

    def __init__(self, home: Path) -> None:
        """Make its root and the filter of system calls, in a folder that nobody else reads."""
        self.name = f"agentkit-box-{secrets.token_hex(6)}"
        self.folder = home / "work"
        self.root, self.calls = home / "root", home / "calls.json"
        self.pid = home / f"{self.name}.pid"
        for one in (*MOUNTPOINTS, *[path[1:] for path in SYSTEM if os.path.isdir(path)]):
            (self.root / one).mkdir(parents=True, exist_ok=True)
        for one in ("tmp", "box"):
            (self.root / one).chmod(0o1777)  # what is mounted there takes it over
        if not self.calls.exists():
            self.calls.write_text(json.dumps(calls_form()))


def calls_form() -> dict[str, Any] | None:
    """Return the filter of system calls as engines of containers read it; None if not known.

    Source: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp.
    """
    known = calls.MACHINES.get(platform.machine())
    if known is None:
        return None
    names = [one.split()[0] for one in f"{known[1]},{calls.BOTH}".split(",")]
    rules: list[dict[str, Any]] = [denied(names, calls.EPERM), denied(["clone3"], calls.ENOSYS)]
    for bit in range(32):
        if calls.NAMESPACES >> bit & 1:
            flag = {"index": 0, "value": 1 << bit, "valueTwo": 1 << bit, "op": "SCMP_CMP_MASKED_EQ"}
            rules.append(denied(["clone"], calls.EPERM, flag))
    for family in range(64):
        if family not in calls.FAMILIES:
            where = {"index": 0, "value": family, "op": "SCMP_CMP_EQ"}
            rules.append(denied(["socket"], calls.EAFNOSUPPORT, where))
    for kind in calls.TYPES_INTO_TERMINALS:
        where = {"index": 1, "value": kind, "op": "SCMP_CMP_EQ"}
        rules.append(denied(["ioctl"], calls.EPERM, where))
    machine = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}[platform.machine()]
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [machine], "syscalls": rules}


def denied(names: list[str], errno: int, *args: dict[str, Any]) -> dict[str, Any]:
    """Return a rule that gives an error to calls."""
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": list(args)}


def apart(limits: Limits, uid: int, place: ContainerFiles) -> list[str]:
    """Return the options that take a container out of all that it could share, and bound it."""
    size = f"{limits.disk_mb}m"
    memory = f"{limits.memory_mb + SPARE_MB}m"
    made = ["--rm", "--interactive", "--name", place.name, "--pidfile", str(place.pid)]
    made += ["--network", "none", "--no-hosts", "--http-proxy=false", "--unsetenv-all"]
    made += ["--passwd=false"]  # its list of users would have the name of whoever starts it
    made += ["--timeout", str(math.ceil(limits.wall_s + PATIENCE_S))]  # should we be killed
    made += ["--hostname", "box", "--ipc", "private", "--log-driver", "none"]
    made += ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all"]
    made += ["--security-opt", "no-new-privileges", "--security-opt", f"seccomp={place.calls}"]
    made += ["--memory", memory, "--memory-swap", memory]
    made += ["--pids-limit", str(limits.processes + 2 * ABOVE)]
    made += ["--ulimit", "nofile=256:256", "--ulimit", "nproc=4096:4096"]
    made += ["--shm-size", size, "--tmpfs", f"/tmp:rw,nosuid,nodev,size={size},mode=1777"]
    made += ["--tmpfs", "/sys:ro,size=4k", "--tmpfs", "/run:ro,size=4k"]
    if os.geteuid() == 0:
        return [*made, "--user", f"{uid}:{uid}"]
    return [*made, "--userns", "keep-id", "--user", f"{os.getuid()}:{os.getgid()}"]


SPARE_MB = 64
"""How far the control group's bound is above ours: who is over ours is seen, and told so."""


def command(
    argv: Sequence[str],
    *,
    engine: Sequence[str],
    place: ContainerFiles,
    limits: Limits,
    uid: int,
    folder: Path | None,
    read: Mapping[str, str],
    env: Mapping[str, str],
    channel: int | None,
) -> list[str]:
    """Return the whole command.

    Args:
        argv: the program and its arguments.
        engine: Podman, and with what it starts containers.
        place: files of the container.
        limits: what it may take.
        uid: whom it runs as, where root starts it.
        folder: what /box is; an empty one of bounded size without.
        read: further files and folders to be read: where they are inside, and where they are.
        env: all of its environment.
        channel: an open file that it has as its third.
    """
    made = [*engine, "run", *apart(limits, uid, place), "--workdir", WORK]
    for name, value in env.items():
        made += ["--env", f"{name}={value}"]
    system = [one for one in (*SYSTEM, *SETTINGS) if os.path.exists(one)]
    for inside, path in {**{one: one for one in (*system, *interpreter())}, **read}.items():
        made += ["--mount", f"type=bind,source={os.path.realpath(path)},target={inside},ro=true"]
    if folder is None:
        made += ["--tmpfs", f"{WORK}:rw,nosuid,nodev,size={limits.disk_mb}m,mode=1777"]
    else:
        made += ["--mount", f"type=bind,source={folder},target={WORK}"]
    if channel is not None:
        first = [sys.executable, "-I", "-S", "-c", AS_THREE, str(channel)]
        made = [*first, *made, "--preserve-fds", "1"]
    return [*made, "--rootfs", str(place.root), *FIRST, *bounded(argv, limits, counted=True)]


class Contained(RunningProgram):
    """A program at work in a container, whose processes are not below Podman's."""

    def __init__(
        self,
        process: Process,
        limits: Limits,
        folder: Path | None,
        place: ContainerFiles,
        engine: str,
    ) -> None:
        super().__init__(process, limits, folder)
        self.place, self.engine = place, engine
        self.inside = False
        """Whether the container has begun; until then the time is Podman's."""
        self.cut = False
        """Whether it was killed, so that something of it may be left."""

    def look(self) -> None:
        """Look at what the program takes, once there is one."""
        if not self.inside and self.top == self.process.pid:
            if time.monotonic() - self.began > PATIENCE_S:
                self.stop(TimeSpent(f"No container began within {PATIENCE_S:g} s."))
            return
        if not self.inside:
            self.inside, self.began = True, time.monotonic()
        super().look()

    @property
    def top(self) -> int:
        """The first process of the container; until there is one, Podman."""
        try:
            return int(self.place.pid.read_text())
        except (OSError, ValueError):
            return self.process.pid

    def kill(self) -> None:
        """Kill the first process of the container, and with it all others; Podman then ends."""
        if self.process.returncode is not None:
            return
        self.cut = True
        if (first := self.top) != self.process.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(first, 9)
        super().kill()

    def gone(self) -> None:
        """Take away what a container leaves whose Podman was killed while it began."""
        told = [self.engine, "rm", "--force", "--time", "0", "--ignore", self.place.name]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                told, capture_output=True, timeout=PATIENCE_S, check=False, env=engine_env()
            )
