"""Errors say what happened, what was expected and what to do, and survive a trip."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agentkit
import memory
import nbext
from agentkit import errors
from agentkit.errors import KINDS, AgentkitError, Overloaded, RunTaken, by_name, made_again
from agentkit.events import Failure
from agentkit.traces import failure_of, revived

PACKAGES = ("agentkit", "memory", "nbext")

CLASSES = [
    one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AgentkitError)
]
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20)


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    drawn = [line.split("──")[-1].split()[0] for line in (errors.__doc__ or "").splitlines()[2:]]
    assert drawn == sorted((c.__name__ for c in CLASSES), key=drawn.index)
    assert len(drawn) == len(CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_survives_pickle_and_copy(kind: type[AgentkitError]) -> None:
    error = kind("It broke.", expected="glue", todo="buy some", run_id="r1", status=3)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
        assert (again.run_id, again.status, again.args) == ("r1", 3, error.args)


@pytest.mark.parametrize("kind", CLASSES)
@settings(max_examples=20)  # of each class
@given(what=LINE, expected=st.none() | LINE, todo=st.none() | LINE)
def test_by_name_gives_back_the_error_that_was_recorded(
    kind: type[AgentkitError], what: str, expected: str | None, todo: str | None
) -> None:
    error = kind(what, expected=expected, todo=todo)
    again = by_name(kind.__name__, str(error))
    assert type(again) is kind
    assert (again.what, again.expected, again.todo) == (what, expected, todo)


def test_every_class_of_ours_comes_back_from_the_log_with_what_it_carried() -> None:
    for package in (agentkit, memory, nbext):
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not one.name.endswith("__main__"):
                importlib.import_module(one.name)
    ours = [one for one in KINDS.values() if one.__module__.split(".")[0] in PACKAGES]
    assert {*CLASSES} < {*ours}
    for kind in ours:
        error = made_again(kind, str(AgentkitError("It broke.", expected="glue", todo="buy some")))
        error.context |= {"run_id": "r1", "keys": ["a", "b"], "status": 3, "wait_s": 0.5}
        error.context |= {"retry_after_s": None, "body": "of a reply"}
        stored = failure_of(error).model_dump_json()
        assert "of a reply" not in stored
        again = revived(Failure.model_validate_json(stored))
        assert isinstance(again, AgentkitError) and type(again) is kind
        assert (str(again), again.expected, again.todo) == (str(error), "glue", "buy some")
        del error.context["body"]
        assert again.context == error.context


@pytest.mark.parametrize("name", ["ValueError", "annotations", "Any", "", "by_name"])
def test_a_foreign_error_comes_back_as_a_plain_one(name: str) -> None:
    again = by_name(name, "bad")
    assert type(again) is AgentkitError
    assert str(again) == f"{name}: bad"


def test_the_text_has_three_parts() -> None:
    error = RunTaken("It is taken.", expected="nobody", todo="wait")
    assert str(error) == "It is taken.\n  expected: nobody\n  to do:    wait"
    assert str(RunTaken("It is taken.")) == "It is taken."


def test_context_is_attributes_and_others_are_missing() -> None:
    error = Overloaded("503", status=503)
    assert error.status == 503
    assert error.retryable
    with pytest.raises(AttributeError, match="run_id"):
        _ = error.run_id


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_described(kind: type[AgentkitError]) -> None:
    assert inspect.cleandoc(kind.__dict__["__doc__"])
