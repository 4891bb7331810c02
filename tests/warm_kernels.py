"""Kernels that begin as a fork of a warm process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.launcher import launch_kernel as launched
from jupyter_client.provisioning import local_provisioner

from tests.warm import PARENT, Forks

LAUNCHER = "ipykernel_launcher"

KERNELS = Forks(
    (
        *("ipykernel.ipkernel", "ipykernel.kernelapp", "ipywidgets", "anywidget"),
        *("nbext.loading", "httpx_aiohttp", "markdown_it"),
    )
)
"""Begin with what a kernel imports by itself, what the extension does, and what an ask needs."""


def launch_kernel(
    cmd: list[str], stdin: Any = None, stdout: Any = None, stderr: Any = None,
    env: dict[str, str] | None = None, independent: bool = False, cwd: Any = None, **more: Any,
) -> Any:  # fmt: skip
    """Start a kernel as jupyter_client does, whose function this stands for."""
    if LAUNCHER not in cmd or stdin is not None or independent or more:
        return launched(cmd, stdin, stdout, stderr, env, independent, cwd, **more)
    args = ["-m", *cmd[cmd.index(LAUNCHER) :]]
    with open(os.devnull, "rb") as none:
        outs = [n if one is None else one.fileno() for n, one in ((1, stdout), (2, stderr))]
        whole = {**(os.environ if env is None else env), PARENT: ""}
        return KERNELS.program(args, cwd, whole, [none.fileno(), *outs])


def patch() -> None:
    """Let managers of kernels in this process fork them, where that can be done."""
    if hasattr(os, "fork"):
        local_provisioner.launch_kernel = launch_kernel


@contextmanager
def unpatched() -> Iterator[None]:
    """Let managers of kernels start them as users' do."""
    forking, local_provisioner.launch_kernel = local_provisioner.launch_kernel, launched
    try:
        yield
    finally:
        local_provisioner.launch_kernel = forking
