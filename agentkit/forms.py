"""Values of other libraries as JSON: numbers and arrays, tables, and objects by their attributes.

A value is known by its methods, so no library is imported for it. What has no form at all is
refused; where something has happened already that cannot be undone, its text has to do.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from agentkit.errors import error_text

DRAWN = ("_repr_png_", "_repr_jpeg_", "savefig", "get_figure")
"""Methods of what draws itself: images, figures and the axes in them."""
LONGEST_BYTES = 1_000
"""Bytes that are no text and are shown as base64; more of them would cost much and say nothing."""
NO_DATA = (type, types.ModuleType, types.FunctionType, types.MethodType, types.CodeType)
"""Kinds whose attributes say nothing about a result."""


def plain(value: Any) -> Any:
    """The value of another library in the terms of Python's own types.

    Raises:
        TypeError: it has no such form.
    """
    if hasattr(value, "dtype") and hasattr(value, "tolist") and not hasattr(value, "index"):
        return array(value)
    for name in ("to_dicts", "to_pylist"):
        if callable(getattr(value, name, None)) and not isinstance(value, type):
            return getattr(value, name)()
    if callable(getattr(value, "to_dict", None)) and hasattr(value, "index"):
        return table(value) if hasattr(value, "columns") else column(value)
    if callable(getattr(value, "to_list", None)) and not isinstance(value, type):
        return value.to_list()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection):
        return list(value)
    if type(value).__module__.partition(".")[0] in ("numpy", "pandas"):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def array(value: Any) -> Any:
    """An array or a scalar of numpy's; times in microseconds, or they would become numbers."""
    kind = getattr(value.dtype, "kind", "")
    if kind in ("M", "m"):
        value = value.astype(f"{kind}8[us]")
    return value.tolist()


def table(frame: Any) -> Any:
    """A DataFrame as its rows by column, with the index where that says something."""
    frame = without_missing(frame)
    names = [name for name in frame.index.names if name is not None]
    if not frame.columns.is_unique or set(names) & set(frame.columns):
        parts = {"columns": frame.columns, "index": frame.index, "rows": frame.to_numpy()}
        return {name: part.tolist() for name, part in parts.items()}
    return (frame if is_range_index(frame.index) else frame.reset_index()).to_dict(orient="records")


def column(series: Any) -> Any:
    """A Series as a list, by its index where that says something."""
    series = without_missing(series)
    if is_range_index(series.index):
        return series.tolist()
    return series.to_dict() if series.index.is_unique else list(series.items())


def is_range_index(index: Any) -> bool:
    """Whether an index only counts 0, 1, 2, ..."""
    plain = type(index).__name__ == "RangeIndex" and index.name is None
    return plain and (index.start, index.step) == (0, 1)


def without_missing(data: Any) -> Any:
    """A table or column with None for what is missing in it."""
    return data.astype(object).where(data.notna(), None)


def attributes(value: Any) -> Any:
    """The value of a library, or else an object's public attributes by name.

    Raises:
        TypeError: it has neither.
    """
    try:
        return plain(value)
    except TypeError:
        if (
            isinstance(value, NO_DATA)
            or getattr(type(value), "no_json", False)
            or any(hasattr(type(value), name) for name in DRAWN)
        ):
            raise
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {error_text(value)}"
    slots = [name for kind in type(value).__mro__ for name in names_of(kind)]
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    found |= getattr(value, "__dict__", {})
    public = {name: one for name, one in found.items() if not str(name).startswith("_")}
    if not public:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return public


def names_of(kind: type) -> list[str]:
    """The names in a class's __slots__."""
    slots = kind.__dict__.get("__slots__", ())
    return [slots] if isinstance(slots, str) else list(slots)


def shown(value: Any) -> Any:
    """Any value as JSON where a sensible form exists; a few bytes that are no text in base64.

    Raises:
        Exception: it has none, or contains itself.
    """
    try:
        return to_jsonable_python(value, fallback=attributes)
    except UnicodeDecodeError:
        if isinstance(value, bytes | bytearray | memoryview) and len(value) > LONGEST_BYTES:
            return f"({len(value)} bytes that are no text)"
        return to_jsonable_python(value, fallback=attributes, bytes_mode="base64")
