"""What a page does with its kernel while it still loads, before its drive is there."""

from __future__ import annotations

import importlib
import sys
from typing import Any

LATER = ("agentkit.sim.inside",)
"""What the first ask imports. With the drive a module that is missing, as one that starlette only
tries, costs a look at each of the drive's files, and each look waits for the busy page."""


def prepare(shell: Any) -> None:
    """Do once what the first cells of a kernel would wait for.

    IPython imports some modules with the first cell. The notebook's folder is looked in last, so
    that what is installed is imported without a look at the drive.

    Args:
        shell: IPython's.
    """
    shell.run_cell("pass", silent=True, store_history=False)
    shell.find_line_magic("load_ext")
    for module in LATER:
        importlib.import_module(module)
    if "" in sys.path:
        sys.path.remove("")
        sys.path.append("")
