"""What a tool declares of itself, checked before a model is offered it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from agentkit.errors import ToolError, safe_repr


def declared(name: Any, effect: Any, timeout_s: Any, approve: Any, on_error: Any) -> None:
    """Check the name of a tool and what it declares.

    Raises:
        ToolError: one of them cannot be.
    """
    if effect not in ("pure", "idempotent", "once"):
        raise ToolError(
            f"The tool {name} has the effect {safe_repr(effect)}.",
            expected="'pure', 'idempotent' or 'once'",
        )
    if on_error not in ("tell", "raise"):
        raise ToolError(
            f"on_error of {name} is {safe_repr(on_error)}.",
            expected="'tell' (its model) or 'raise' (and end the ask)",
        )
    if inspect.iscoroutinefunction(approve):
        raise ToolError(
            f"approve of {name} is an async function.",
            expected="True, False, or a plain function of the arguments",
        )
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ToolError(
            f"A tool cannot be called {safe_repr(name)}.",
            expected="1 to 64 letters, digits, '_' and '-'",
            todo="give it a name: @tool(name='...')",
        )
    number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if timeout_s is not None and not (number and timeout_s > 0):
        raise ToolError(
            f"timeout_s of {name} is {safe_repr(timeout_s)}.",
            expected="seconds, more than 0, or None to wait for ever",
        )
