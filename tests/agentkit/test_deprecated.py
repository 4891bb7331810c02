"""Old names work for one version, and say the new one to whoever wrote them."""

from __future__ import annotations

import importlib
import sys
import types
import warnings

import pytest

from agentkit import scope
from agentkit.deprecated import Renamed, method, moved, moved_modules
from agentkit.errors import KINDS
from agentkit.verify.path import BoundReached


class Board:
    def reconcile(self) -> str:
        return "in agreement"

    settle = Renamed("reconcile")


def test_a_name_that_moved_is_found_with_a_warning_where_it_was_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = types.ModuleType("old_home")
    old.__getattr__ = moved("old_home", {"Path": "pathlib:PurePath"})  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "old_home", old)
    with pytest.warns(DeprecationWarning, match=r"old_home\.Path .* use pathlib\.PurePath") as told:
        from old_home import Path  # type: ignore[import-not-found]
    from pathlib import PurePath

    assert Path is PurePath
    assert told[0].filename == __file__


def test_what_stood_in_the_module_of_runs_is_found_in_that_of_scopes() -> None:
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.scope\.note"):
        from agentkit.run import note
    assert note is scope.note


def test_a_grade_answers_to_its_old_name_for_one_version() -> None:
    from agentkit.grading import Grade
    from agentkit.grading.selfcheck import TriedAnswer

    grade = Grade(student="ada", assignment="a", digest="d", of=1, end="ended")
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.grading\.grade\.Grade"):
        from agentkit.grading import Verdict
    assert Verdict is Grade
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.grading\.grade\."):
        from agentkit.grading.verdict import Verdict as old
        from agentkit.grading.verdict import judged
    assert old is Grade and judged.__module__ == "agentkit.grading.grade"
    with pytest.warns(DeprecationWarning, match=r"use TriedAnswer\.grade"):
        assert TriedAnswer(grade, []).verdict is grade


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'old_home' has no attribute 'Other'"):
        moved("old_home", {})("Other")


def test_a_module_that_moved_is_imported_by_its_old_name_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = types.ModuleType("home")
    home.__path__ = []
    home.paths = len  # type: ignore[attr-defined] # a function called like the module
    monkeypatch.setitem(sys.modules, "home", home)
    monkeypatch.setitem(sys.modules, "home.paths", home)  # taken away after the test
    moved_modules("home", {"paths": "pathlib"})
    with pytest.warns(DeprecationWarning, match=r"home\.paths\.Path .* use pathlib\.Path") as told:
        from home.paths import Path  # type: ignore[import-not-found]
    import pathlib

    assert Path is pathlib.Path
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import home.paths  # type: ignore[import-not-found]

        assert home.paths is len
        assert not hasattr(sys.modules["home.paths"], "__file__")
        assert not hasattr(sys.modules["home.paths"], "Other")


def test_a_method_is_called_by_its_old_name_with_a_warning_at_the_call() -> None:
    with pytest.warns(DeprecationWarning, match=r"Board\.settle .* use Board\.reconcile") as told:
        assert Board().settle() == "in agreement"
    assert told[0].filename == __file__


class Carrier:
    """A third party's class, written against the old name."""

    def settle(self) -> str:
        return "noted"


def test_a_third_partys_method_of_the_old_name_is_used_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"Carrier\.settle .* use Carrier\.acknowledge"):
        assert method(Carrier(), "acknowledge", "settle")() == "noted"


def test_the_new_name_is_used_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert method(Board(), "reconcile", "settle")() == "in agreement"
    with pytest.raises(AttributeError, match="acknowledge"):
        method(object(), "acknowledge", "settle")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("agentkit.views.book", "short"),
        ("agentkit.views.book", "Scope"),
        ("agentkit.gather", "survivable"),
        ("agentkit.pictures.layout", "spread"),
        ("agentkit.evaluate.trial", "Budget"),
    ],
)
def test_what_moved_to_a_file_of_its_own_is_found_where_it_was(module: str, name: str) -> None:
    with pytest.deprecated_call(match=f"{name} is deprecated"):
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("agentkit.evaluate", "Case", "agentkit.evaluate.scorers.ScorerInput"),
        ("agentkit.evaluate.scorers", "Case", "agentkit.evaluate.scorers.ScorerInput"),
        ("agentkit.evaluate", "Learned", "agentkit.evaluate.learned.LearnedRouter"),
        ("agentkit.evaluate.trajectory", "Rule", "agentkit.evaluate.trajectory.TrajectoryRule"),
        ("agentkit.games", "Path", "agentkit.games.dynamics.SharePath"),
        ("agentkit.games", "Session", "agentkit.games.pricing.PricingSession"),
        ("agentkit.trust", "Decision", "agentkit.trust.policy.Ruling"),
        ("agentkit.verify", "Finding", "agentkit.verify.found.RuleFinding"),
        ("memory.board.versions", "Seen", "memory.board.versions.ReadVersions"),
        ("memory.fabrics.notes", "Answered", "memory.fabrics.notes.TaskAnswered"),
        ("memory.fabrics.post", "Received", "memory.fabrics.post.ReceivedLetter"),
        ("memory.fabrics.serving", "Worker", "memory.fabrics.serving.QueueWorker"),
        ("memory.fabrics.serving", "Served", "memory.fabrics.serving.WorkerReport"),
        ("agentkit.patterns", "check", "agentkit.patterns.graphs.checks.check_team"),
        ("agentkit.patterns", "krippendorff_alpha", "agentkit.patterns.parts.alpha.alpha_by_unit"),
        ("agentkit.patterns.parts.tally", "said", "agentkit.patterns.parts.tally.answer_value"),
        ("agentkit.tools", "named", "agentkit.tools.toolbox.tools_by_name"),
        ("agentkit.evaluate", "opened", "agentkit.evaluate.reopened.reopen"),
        ("agentkit.collective", "agreed", "agentkit.collective.byzantine.relayed_word"),
        ("memory.fabrics.serving", "crew", "memory.fabrics.serving.background_workers"),
    ],
)
def test_a_class_or_function_is_found_by_its_old_name(module: str, old: str, new: str) -> None:
    with pytest.deprecated_call(match=f"{module}.{old} is deprecated .* use {new}"):
        found = getattr(importlib.import_module(module), old)
    home, _, name = new.rpartition(".")
    assert found is getattr(importlib.import_module(home), name)


def test_an_error_in_a_log_is_found_by_its_old_name() -> None:
    assert KINDS["agentkit.verify.path:Cut"] is BoundReached
