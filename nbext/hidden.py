"""A file of the reader's that has the name of one of our packages, and so hides it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
"""The folder that holds the packages agentkit, memory and nbext."""


def hider(package: str) -> Path | None:
    """The file that Python imports in the place of our package; None where it finds ours."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    found = Path(spec.origin).resolve() if spec and spec.origin else None
    return None if found is None or found == HOME / package / "__init__.py" else found


def explanation(package: str, file: Path) -> str:
    """What happened, and what to do."""
    return (
        f"{file} hides agentkit's package `{package}`: Python imports your file in its place.\n"
        f"  to do:    give the file another name, such as my_{package}.py, and restart the kernel"
    )


def explain_import_error(error: BaseException | None) -> str | None:
    """What to add to an error in a cell that a hidden package explains; None for any other."""
    if not isinstance(error, ImportError | AttributeError):
        return None
    about = error.name if isinstance(error, ImportError) else getattr(error.obj, "__name__", "")
    if (about or "").partition(".")[0] != "memory" or "memory" not in sys.modules:
        return None
    file = hider("memory")
    return explanation("memory", file) if file else None
