"""What a user states of a mechanism, as Limit(...) or Breaker(...), checked where it stands."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from agentkit.errors import SetupError, safe_repr
from agentkit.messages import Frozen
from agentkit.typed import told_of

NEITHER = object()
"""In place of a truth value where a number or text belongs: no field takes it."""


class Setting(Frozen, extra="forbid"):
    """The base of what can be set.

    Raises:
        SetupError: a value cannot be, or there is no such setting.
    """

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**{name: self.read(name, value) for name, value in given.items()})
        except ValidationError as error:
            stated = ", ".join(f"{name}={safe_repr(value)}" for name, value in given.items())
            wrong = "; ".join(told_of(dict(one)) for one in error.errors())
            known = ", ".join(type(self).model_fields)
            raise SetupError(
                f"{type(self).__name__}({stated}): {wrong}",
                expected=f"of {known} those that differ, each within its bounds",
            ) from error

    @classmethod
    def read(cls, name: str, value: Any) -> Any:
        """What is taken for a value: a truth value is no number, though Python has it as one."""
        flag = name in cls.model_fields and cls.model_fields[name].annotation is bool
        return NEITHER if isinstance(value, bool) and not flag else value
