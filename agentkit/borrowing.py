"""The model that an ask names, in place of the agents' own."""

from __future__ import annotations

from agentkit.errors import SetupError, UnknownModel
from agentkit.model import Model, OnText, Reply, Request


def connected(model: str | Model | None, name: str) -> Model | None:
    """The model that an ask names.

    Raises:
        SetupError: it is none.
    """
    if isinstance(model, str):
        from agentkit.endpoints.connect import connect

        return connect(model)
    if model is not None and not callable(model):
        raise SetupError(
            f"{name} was asked with the model {model!r}.",
            expected='a name such as "sim:careful", or what connect(...) returns',
        )
    return model


def model_again(model: str, name: str, how: str) -> Model:
    """The model that a recorded ask named."""
    from agentkit.endpoints.connect import connect

    try:
        return connect(model)
    except UnknownModel:
        return Absent(model, f"{name}.{how}(run_id, model=...)")


class Absent:
    """A model that an ask was given as an object; a run that goes on may need it no more."""

    def __init__(self, name: str, todo: str) -> None:
        self.name, self.todo = name, todo

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say that it is not there."""
        raise SetupError(
            f"The run was asked with a model {self.name!r} of the program's own.",
            expected="it again",
            todo=self.todo,
        )
