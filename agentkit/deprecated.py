"""Old names that go on working for one version, each with a warning that says the new one."""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def warn(old: str, new: str, *, level: int = 3) -> None:
    """Warn that a name is old.

    Args:
        old: the name as the caller wrote it.
        new: the name to write instead.
        level: how many calls up the caller stands, as `warnings.warn` counts them.
    """
    text = f"{old} is deprecated and goes in the next version; use {new}."
    warnings.warn(text, DeprecationWarning, stacklevel=level)


def moved(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a module whose names moved to other modules.

    Use it as `__getattr__ = moved(__name__, {"Old": "its.module:New"})`. The module of the new
    name is imported when the old one is asked for, so a light module can point to a heavy one,
    and one of an early layer to one of a late layer.

    Args:
        module: the `__name__` of the module that had the names.
        names: for each old name the module and the name that it has now.
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, new = names[name].partition(":")
        warn(f"{module}.{name}", f"{home}.{new}")
        return getattr(importlib.import_module(home), new)

    return find


def moved_modules(package: str, names: Mapping[str, str]) -> None:
    """Let modules of a package be imported by the names that they had: call it in its `__init__`.

    Each stands in `sys.modules` as an empty module that finds what is asked of it in the new one,
    with a warning. The new one is imported then, and not before.

    Args:
        package: the `__name__` of the package.
        names: for each old name of a module in it the full name that it has now.
    """
    for old, new in names.items():
        module = types.ModuleType(f"{package}.{old}", f"Deprecated: use {new}.")
        module.__getattr__ = whole(module.__name__, new)  # type: ignore[method-assign]
        # A stand-in that is no attribute of the package hides no function of the same name.
        sys.modules[module.__name__] = module


def whole(old: str, new: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a module all of whose names are in another one now."""

    def find(name: str) -> Any:
        if name.startswith("__"):  # What the import system and debuggers look for is no one's use.
            raise AttributeError(f"module {old!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(new), name)
        warn(f"{old}.{name}", f"{new}.{name}")
        return found

    return find


class Renamed:
    """An attribute or method of a class by its old name: `settle = Renamed("reconcile")`."""

    def __init__(self, new: str) -> None:
        self.new, self.old = new, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.old = name

    def __get__(self, thing: Any, owner: type) -> Any:
        warn(f"{owner.__name__}.{self.old}", f"{owner.__name__}.{self.new}")
        return getattr(owner if thing is None else thing, self.new)


def method(thing: object, new: str, old: str) -> Any:
    """Find a method of an object that a user's class may still define by its old name.

    Args:
        thing: an object of any class, for instance of a third party's.
        new: the name of the method.
        old: the name that it had before.

    Raises:
        AttributeError: it has neither.
    """
    if hasattr(thing, new) or not hasattr(thing, old):
        return getattr(thing, new)
    warn(f"{type(thing).__name__}.{old}", f"{type(thing).__name__}.{new}")
    return getattr(thing, old)
