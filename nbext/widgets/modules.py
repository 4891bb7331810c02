"""The modules of nbext/static, put together as the one text that a front end loads.

A front end loads a widget's module from its text alone, so it cannot import another one there.
The sources do import each other, as types and tests want it; what is served is a widget's module
after all that it imports, each once, without their imports and exports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).parent.parent / "static"

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)
LEFT = re.compile(r"^(?:import|export)\b(?! default ).*$", re.MULTILINE)


def served(name: str, folder: Path = STATIC) -> str:
    """Return a widget's module and all that it imports as one module, which imports nothing.

    Args:
        name: of the widget's module, without `.js`. It has the one export, a default.
        folder: where the modules are.

    Raises:
        ValueError: modules import each other in a circle, or by a form that is not
            `import { a, b } from "./x.js";`, or export by one that does not declare.
    """
    return "\n".join(bare(one, folder) for one in imported(name, folder))


def styles(name: str, folder: Path = STATIC) -> str:
    """Return the styles of a widget's module after those of all that it imports."""
    files = (folder / f"{one}.css" for one in imported(name, folder))
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())


def imported(name: str, folder: Path = STATIC) -> list[str]:
    """Return a module and all that it imports, each once, after what it imports itself."""
    return list(dict.fromkeys(walk(name, folder, ())))


def walk(name: str, folder: Path, above: tuple[str, ...]) -> Iterator[str]:
    """Yield what a module imports, then the module."""
    if name in above:
        raise ValueError(f"Modules import each other: {' → '.join([*above, name])}.")
    for other in IMPORT.findall(source(name, folder)):
        yield from walk(other, folder, (*above, name))
    yield name


def source(name: str, folder: Path) -> str:
    """Return a module as it is written."""
    return (folder / f"{name}.js").read_text(encoding="utf-8")


def bare(name: str, folder: Path) -> str:
    """Return a module without imports and exports, but for a widget's own default."""
    text = EXPORT.sub("", IMPORT.sub("", source(name, folder)))
    if left := LEFT.search(text):
        raise ValueError(
            f"{name}.js has {left[0]!r}, which cannot be served."
            ' Import by `import { a, b } from "./x.js";`, and export where you declare.'
        )
    return text
