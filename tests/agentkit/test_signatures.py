"""What a model is told of a function does not depend on the functions that came before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agentkit.signatures import modelled, signature_of


class Berth(BaseModel):
    depth_m: float = 1


def berths() -> type[BaseModel]:
    class Berth(BaseModel):
        name: str = "B1"

    return Berth


TYPES: list[Any] = [
    int, bool, float, str, Any, Berth, berths(), list[int], list[bool], dict[str, int],
    int | str, str | int, int | None, None | int, list[int | str], list[str | int],
    Literal[1], Literal[True], Literal["a", "b"], Literal["b", "a"],
    Annotated[int, Field(gt=1)], Annotated[int, Field(gt=1.0)], Annotated[int, "a number"],
    Annotated[int, "another"], Annotated[int, {"not": "hashable"}],
]  # fmt: skip
NONE = object()
DEFAULTS: list[Any] = [NONE, NONE, None, 1, True, 1.0, 0, False, -0.0, 0.0, "a", (1,), (True,), []]


def function(kind: Any, default: Any, words: str) -> Callable[..., Any]:
    if default is NONE:

        def f(x):  # type: ignore[no-untyped-def]
            return x
    else:

        def f(x=default):  # type: ignore[no-untyped-def]
            return x

    f.__annotations__, f.__doc__ = {"x": kind}, words
    return f


@given(
    st.lists(
        st.tuples(
            st.sampled_from(TYPES), st.sampled_from(DEFAULTS),
            st.sampled_from(["Say.", "Say.\n\nArgs:\n    x: what.\n"]),
        ),
        min_size=2, max_size=8,
    )
)  # fmt: skip
def test_a_schema_is_the_same_whatever_was_made_before(made: list[tuple[Any, Any, str]]) -> None:
    modelled.cache_clear()
    warm = [signature_of(function(*one), "f") for one in made]
    for one, signed in zip(made, warm, strict=True):
        modelled.cache_clear()
        alone = signature_of(function(*one), "f")
        assert repr(signed.parameters) == repr(alone.parameters)
        assert signed.description == alone.description and signed.always == alone.always
        for value in (1, True, "1", None, {"depth_m": 2}, {"name": "x"}, [1]):
            found = []
            for model in (signed.model, alone.model):
                try:
                    found.append(repr(model.model_validate({"x": value})))
                except ValueError as error:
                    found.append(str(error))
            assert found[0] == found[1]


def test_a_function_that_is_defined_again_is_looked_at_once() -> None:
    modelled.cache_clear()
    signs = [signature_of(function(int, 1, "Say."), "f") for _ in range(5)]
    assert modelled.cache_info().misses == 1
    signs[0].parameters["properties"]["x"]["changed"] = True
    assert "changed" not in str([one.parameters for one in signs[1:]])
    assert "changed" not in str(signature_of(function(int, 1, "Say."), "f").parameters)
