"""What FILE.py:NAME or MODULE:NAME means: actors, suites and tools that a command is told of."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from agentkit.errors import AgentkitError, SetupError, error_text, full_text


def objects_meant(what: str) -> list[Any]:
    """Return what is meant; several names of one module stand with commas between them.

    Raises:
        SetupError: no such file, module or name, or it failed when it was imported.
    """
    place, mark, names = what.rpartition(":")
    if not mark or not place or not names:
        raise SetupError(
            f"{what!r} names nothing in a module.", expected="FILE.py:NAME or MODULE:NAME"
        )
    module = imported(place)
    things = []
    for name in names.split(","):
        value: Any = module
        for part in name.strip().split("."):
            if not hasattr(value, part):
                known = [one for one in vars(module) if not one.startswith("_")]
                raise SetupError(
                    f"{place} has no {name}.", expected=", ".join(known[:20]) or "a name in it"
                )
            value = getattr(value, part)
        things.append(value)
    return things


def imported(place: str) -> ModuleType:
    """Return a module by its name, or by the path of its file. What it prints goes to stderr.

    Raises:
        SetupError: it is not there, or it failed.
    """
    path = Path(place)
    is_file = place.endswith(".py") or path.is_file()
    # What it prints must not get among what the command says, or the messages that it serves.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            if not is_file:
                sys.path.insert(0, os.getcwd())
                return importlib.import_module(place)
            sys.path.insert(0, str(path.resolve().parent))
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None:
                raise SetupError(f"{place} is no file of Python.", expected="a name with .py")
            module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        except AgentkitError:
            raise
        except (FileNotFoundError, ModuleNotFoundError) as error:
            raise SetupError(f"{place} is not there: {error_text(error)}.") from error
        except (Exception, SystemExit) as error:
            raise SetupError(f"{place} failed when it was imported: {full_text(error)}.") from error
