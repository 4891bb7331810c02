"""What is a model, and the one that an ask names in place of the agents' own."""

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
    return None if model is None else checked(model, f"{name} was asked with the model {model!r}.")


def checked(model: Model, wrong: str) -> Model:
    """See to it that something is a model; `wrong` is said if not.

    Raises:
        SetupError: it is none.
    """
    if callable(model) and isinstance(getattr(model, "name", None), str):
        return model
    raise SetupError(
        wrong,
        expected='a name such as "sim:careful", what connect(...) returns, or an object with a name'
        " and async __call__(request, on_text)",
        todo="make a model of a function by agentkit.testing.FunctionModel(function)",
    )


async def reply_of(model: Model, request: Request, on_text: OnText | None) -> Reply:
    """Ask a model.

    Raises:
        SetupError: it gives something else than a reply. What the model raises.
    """
    reply: object = await model(request, on_text)
    if isinstance(reply, Reply):
        return reply
    raise SetupError(
        f"The model {model.name} gave a {type(reply).__name__}.",
        expected='agentkit.Reply(message=Message(role="assistant", content="..."))',
    )


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
