"""The library `jsonschema`, without what it loads for formats that nobody here checks.

Where JupyterLab is installed, importing it compiles a grammar of international addresses: two and a
half seconds in which a notebook stands still. A stand-in for that module has it compiled when
such an address is first checked, by whomever.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

from agentkit.extras import missing_extra

SLOW = "rfc3987_syntax"


def library() -> Any:
    """The module `jsonschema`.

    Raises:
        SetupError: this is a page in a browser, which may have none.
    """
    try:
        return loaded()
    except ImportError as error:
        raise missing_extra(error, "use tools that are Python functions") or error from error


def loaded() -> Any:
    """The module, loaded at the first time."""
    found = sys.modules.get("jsonschema")
    if found is not None or SLOW in sys.modules or importlib.util.find_spec(SLOW) is None:
        return found or importlib.import_module("jsonschema")
    stand_in: Any = ModuleType(SLOW)
    stand_in.is_valid_syntax = checked_later
    sys.modules[SLOW] = stand_in
    try:
        return importlib.import_module("jsonschema")
    finally:
        del sys.modules[SLOW]


def checked_later(*given: Any) -> Any:
    """Check an address by the module itself."""
    return importlib.import_module(SLOW).is_valid_syntax(*given)
