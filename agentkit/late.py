"""Public names whose modules are imported when somebody first asks for one (PEP 562).

A package that lists many things costs an import of all of them by whoever wants one:

    if TYPE_CHECKING:
        from house.kitchen import cook as cook

    HOMES = {"cook": "house.kitchen"}
    late_names(__name__, HOMES)

The imports for type checkers and the table say the same; a test of the package compares them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from agentkit.garbage import uncollected


class Late(ModuleType):
    """A package that finds its public names when they are asked for."""

    _homes: Mapping[str, str]
    _old: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if name in self._homes:
            with uncollected():
                found = getattr(importlib.import_module(self._homes[name]), name)
            super().__setattr__(name, found)
            return found
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds a submodule to its package. Where a function has the name of its
        # module, as `debate` in debate.py, the public name is the function, whoever imported what.
        if isinstance(value, ModuleType) and self._homes.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._homes})


def late_names(package: str, homes: Mapping[str, str]) -> None:
    """Let names of a package be imported when they are asked for: call it in its `__init__`.

    Args:
        package: the `__name__` of the package.
        homes: for each name the module that has it.
    """
    module = sys.modules[package]
    module.__dict__["_homes"] = homes
    module.__class__ = Late


def called(place: str) -> Callable[..., Any]:
    """A function by the name of its module and its own, "house.kitchen:cook", imported now.

    For a method whose work is done by what stands far behind its class in the order of modules.
    """
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
