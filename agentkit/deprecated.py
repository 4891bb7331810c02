"""Old names that go on working for one version, each with a warning that says the new one."""

from __future__ import annotations

import importlib
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
