"""The command line that runs a program inside of bubblewrap.

Inside there are: the system's programs and the interpreter, to be read; the folder, as /box; /tmp
and /dev/shm, of bounded size; processes, a network and a host name of its own. Nothing else of the
machine: no home, no configuration but what programs need to start, no environment, no other
process.

Started by root, bubblewrap makes the mounts and the program then runs as a user that nobody else
is, without any capability; started by anybody else, in a user namespace that can make no other.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from agentkit.sandbox.limits import Limits

WORK = "/box"
INSIDE_UID = 1000

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
            "/etc/mime.types", "/etc/localtime")  # fmt: skip

BOUNDED = (
    "ulimit -c 0 && ulimit -t {cpu} && ulimit -d {data} && ulimit -f {blocks} && ulimit -n 256"
    '{counted} && exec "$@"'
)
"""What sets the limits, in any shell of POSIX."""

COUNTED = " && {{ ulimit -u {count} 2>/dev/null || ulimit -p {count}; }}"
"""Processes; dash has another letter for them."""

ABOVE = 8
"""How far the kernel's bound is above ours: who is over ours is seen, and told so."""

DROPPED = (
    "setpriv", "--reuid={uid}", "--regid={uid}", "--clear-groups", "--no-new-privs",
    "--inh-caps=-all", "--bounding-set=-all",
)  # fmt: skip


@cache
def launcher() -> str | None:
    """Return the path of bubblewrap; None without it, or where the kernel lets it make nothing."""
    path = shutil.which("bwrap")
    if path is None or not sys.platform.startswith("linux"):
        return None
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return None
    import subprocess

    tried = [path, *namespaces(), "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    try:
        done = subprocess.run(tried, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if done.returncode == 0 else None


def namespaces() -> list[str]:
    """Return the options that take a program out of all that it could share."""
    apart = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    apart += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "box"]
    if os.geteuid() == 0:
        return apart
    inside = str(INSIDE_UID)
    apart += ["--unshare-user", "--uid", inside, "--gid", inside, "--disable-userns"]
    return [*apart, "--cap-drop", "ALL"]


def interpreter() -> list[str]:
    """Return the folders of this Python that are no part of the system, to be read inside."""
    homes = {sys.base_prefix, str(Path(os.path.realpath(sys.executable)).parent.parent)}
    return sorted(one for one in homes if not one.startswith(SYSTEM))


def python() -> str:
    """Return the path of the interpreter as it is inside: the one that no environment wraps."""
    return os.path.realpath(sys.executable)


def command(
    argv: Sequence[str],
    *,
    limits: Limits,
    uid: int,
    folder: Path | None,
    read: Mapping[str, str],
    env: Mapping[str, str],
    calls_fd: int | None,
) -> list[str]:
    """Return the whole command.

    Args:
        argv: the program and its arguments.
        limits: what it may take.
        uid: whom it runs as, where root starts it.
        folder: what /box is; an empty one of bounded size without.
        read: further files and folders to be read: where they are inside, and where they are.
        env: all of its environment.
        calls_fd: where the filter of system calls is read; None for none.
    """
    size = str(limits.disk_mb << 20)
    found_at = launcher()
    assert found_at is not None
    made = [found_at, *namespaces(), "--clearenv"]
    for name, value in env.items():
        made += ["--setenv", name, value]
    for path in SYSTEM:
        if os.path.islink(path):
            made += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            made += ["--ro-bind", path, path]
    made += ["--perms", "0755", "--dir", "/etc"]
    for path in SETTINGS:
        made += ["--ro-bind-try", path, path]
    made += ["--dev", "/dev", "--proc", "/proc"]
    for path in ("/tmp", "/dev/shm"):
        made += ["--perms", "1777", "--size", size, "--tmpfs", path]
    for inside, path in {**{one: one for one in interpreter()}, **read}.items():
        made += [*way_to(inside), "--ro-bind", path, inside]
    if folder is None:
        made += ["--perms", "1777", "--size", size, "--tmpfs", WORK]
    else:
        made += ["--bind", str(folder), WORK]
    made += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]
    if calls_fd is not None:
        made += ["--seccomp", str(calls_fd)]
    dropped = [one.format(uid=uid) for one in DROPPED] if os.geteuid() == 0 else []
    return [*made, "--", *dropped, *bounded(argv, limits, counted=counts_apart())]


def counts_apart() -> bool:
    """Return whether the kernel counts a sandbox's processes apart from all others of its user."""
    if os.geteuid() == 0:
        return True  # each has a user of its own
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    return release is not None and (int(release[1]), int(release[2])) >= (5, 14)


def way_to(inside: str) -> list[str]:
    """Return what makes the folders above a path, open to all: bubblewrap's are the maker's own."""
    above = [str(one) for one in reversed(Path(inside).parents)][1:]
    return [word for one in above for word in ("--perms", "0755", "--dir", one)]


def bounded(argv: Sequence[str], limits: Limits, counted: bool = False) -> list[str]:
    """Return a command under the limits that the kernel keeps for each process."""
    script = BOUNDED.format(
        cpu=limits.cpu_s,
        data=limits.memory_mb * 1024,
        blocks=limits.disk_mb * 2048,  # of 512 bytes
        counted=COUNTED.format(count=limits.processes + ABOVE) if counted else "",
    )
    return ["/bin/sh", "-c", script, "sh", *argv]
