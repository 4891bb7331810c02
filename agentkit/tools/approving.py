"""Whether a person must agree to a call, and what is put before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.errors import ToolError, full_text
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.tools.protocol import Arguments, Tool


def needs_approval(tool: Tool, arguments: Mapping[str, JSON]) -> bool:
    """Whether a person must agree; a function of its own is given the defaults, too.

    Raises:
        ToolError: that function failed, so nobody knows whether the call may be made.
    """
    if not callable(tool.approve):
        return tool.approve
    try:
        return bool(tool.approve(put(tool.spec, arguments)[0]))
    except Exception as error:
        name = tool.spec.name
        raise ToolError(
            f"{name} was not called: its approve= function raised {full_text(error)}.",
            expected="a function that says of any arguments whether a person must agree",
            todo=f"mend approve= of {name}, which is given the arguments by name",
        ) from error


def put(spec: ToolSpec, arguments: Mapping[str, JSON]) -> tuple[dict[str, JSON], bool]:
    """What a person is shown of a call, and whether the log shows the same, but for defaults.

    That is what the function gets, field by field and with all defaults, secrets hidden; what
    only the log is told, as by a type that leaves a field out, is no base for a yes.
    """
    return whole_of(arguments) or (with_defaults(spec, arguments), True)


def whole_of(arguments: object) -> tuple[dict[str, JSON], bool] | None:
    """The same; None where the arguments are JSON and no more."""
    whole = arguments.whole if isinstance(arguments, Arguments) else None
    return None if whole is None else whole()


def with_defaults(spec: ToolSpec, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    """Arguments in the order of the signature, with the defaults of those that are left out.

    A default without a JSON form, or a secret, is not among them.
    """
    offered: dict[str, Any] = spec.properties
    known = {
        name: one["default"]
        for name, one in offered.items()
        if isinstance(one, dict) and "default" in one
    }
    full = {**known, **arguments}
    return {name: full[name] for name in (*offered, *arguments) if name in full}
