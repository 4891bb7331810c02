"""Regular expressions that are compiled when they are first used, so that importing stays light."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class Uncompiled:
    """Stands for a compiled pattern, and takes over each of its methods the first time."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Only what is not there yet comes here: the second search is the pattern's own.
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def lazy_regex(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, which costs up to a millisecond, at the first use; for constants of modules.

    The functions of `re` do not take it as a pattern: call its methods. A mistake in the source
    shows when it is used, so a test compiles all of them.
    """
    return cast("re.Pattern[AnyStr]", Uncompiled(source, flags))
