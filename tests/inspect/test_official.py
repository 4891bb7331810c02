"""Our scorers and statistics beside those of others: the same verdicts, the same numbers.

Run by `make test-inspect`. GAIA's scorer is the copy in inspect-evals of the leaderboard's own;
BFCL's checker and SWE-bench's grading are of their own packages.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import types
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from agentkit.evaluate import cohen_kappa, gaia_match, krippendorff_alpha, pass_at_k, pass_hat_k
from agentkit.evaluate import power as power_of
from agentkit.evaluate.statistics import holm, sign_flip, t_of, wilson
from agentkit.evaluate.swe import mini, resolved

pytestmark = pytest.mark.inspect

SIGNS = "0123456789.,;$%-+ eEaAbz'\"!?/_  \t\n１٣éinfna"


def texts(dice: random.Random) -> tuple[str, str]:
    """An answer and a truth: both random, or one made of the other."""

    def word() -> str:
        return "".join(dice.choices(SIGNS, k=dice.randrange(9)))

    truth = dice.choice([word(), f"{dice.randrange(9999)}", f"{dice.random():.2f}",
                         f"{word()},{word()}", f"{word()}; {dice.randrange(99)}"])  # fmt: skip
    answer = dice.choice([word(), truth, truth.upper(), f" {truth}.", truth.replace(",", ";"),
                          f"${truth}", truth.replace(" ", ""), f"{truth}.0",
                          f"{truth}%"])  # fmt: skip
    return answer, truth


def alone(package: str, path: str) -> Any:
    """A file of a package as a module, without what the package imports besides."""
    found = importlib.util.find_spec(package)
    assert found is not None and found.submodule_search_locations
    file = Path(found.submodule_search_locations[0], path)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gaia_s_verdicts_are_the_leaderboard_s_on_20_000_random_strings() -> None:
    question_scorer = alone("inspect_evals", "gaia/scorer.py").question_scorer
    dice, right = random.Random(18), 0
    for _ in range(20_000):
        answer, truth = texts(dice)
        theirs = bool(question_scorer(answer, truth)[0])
        assert gaia_match(answer, truth) is theirs, (answer, truth)
        right += theirs
    assert 2_000 < right < 18_000


class Nothing:
    """Stands for what a package wants of others, and its scorers do not use."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) else self


def without_services() -> None:
    """Let SWE-bench's harness be imported without what it loads rows and rents machines by."""
    for package in ("datasets", "swebench.harness.modal_eval"):
        if package not in sys.modules:
            known = types.ModuleType(package)
            known.__getattr__ = Nothing().__getattr__  # type: ignore[method-assign]
            sys.modules[package] = known


def test_an_instance_is_resolved_where_swe_bench_says_so() -> None:
    without_services()
    from swebench.harness.constants import FAIL_TO_PASS, PASS_TO_PASS, ResolvedStatus
    from swebench.harness.grading import get_eval_tests_report, get_resolution_status

    dice, seen = random.Random(3), set()
    for _ in range(2_000):
        names = [f"tests/test_{n}.py::test_{n}" for n in range(dice.randrange(1, 6))]
        cut = dice.randrange(len(names) + 1)
        found = {name: dice.choice(["", "", "", "it failed"]) for name in names
                 if dice.random() < 0.95}  # fmt: skip
        instance = mini()[0].model_copy(
            update={"FAIL_TO_PASS": tuple(names[:cut]), "PASS_TO_PASS": tuple(names[cut:])}
        )
        status = {name: "FAILED" if why else "PASSED" for name, why in found.items()}
        gold = {FAIL_TO_PASS: names[:cut], PASS_TO_PASS: names[cut:]}
        report = get_eval_tests_report(status, gold)
        theirs = get_resolution_status(report) == ResolvedStatus.FULL.value
        assert resolved(instance, found).resolved is theirs, (gold, found)
        seen.add(theirs)
    assert seen == {True, False}


def test_the_official_harness_reads_our_predictions(tmp_path: Path) -> None:
    without_services()
    from swebench.harness.utils import get_predictions_from_file

    from agentkit.evaluate import Evaluation, Scored
    from agentkit.evaluate.swe import predictions

    trial = Scored(contender="a", question="amber__tides-1", seed=1, status="answered", right=True,
                   text="diff --git a/x b/x\n")  # fmt: skip
    result = Evaluation(name="e", suite="s", version="v", contender="a", scorers=("swe",),
                        questions={"amber__tides-1": ""}, planned=1, trials=(trial,))  # fmt: skip
    path = tmp_path / "predictions.jsonl"
    assert predictions(result, path) == 1
    (read,) = get_predictions_from_file(str(path), "none", "test")
    assert read["instance_id"] == "amber__tides-1" and read["model_patch"] == trial.text


def checker() -> Any:
    """The official checker; what it wants of its models is none of its rules."""
    known = types.ModuleType("bfcl_eval.constants.model_config")
    known.MODEL_CONFIG_MAPPING = defaultdict(  # type: ignore[attr-defined]
        lambda: types.SimpleNamespace(underscore_to_dot=True)
    )
    sys.modules["bfcl_eval.constants.model_config"] = known
    from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker

    return ast_checker


def changed(value: Any, dice: random.Random) -> Any:
    """A value that is perhaps another one."""
    return dice.choice([
        value, value, str(value), f" {value} ", [value], None, True, 0, 1, 1.5,
        value + 1 if isinstance(value, int | float) else value,
        float(value) if isinstance(value, int) else value,
        value[:-1] if isinstance(value, str | list) else value,
        value.upper() if isinstance(value, str) else value,
        {**value, "x": 1} if isinstance(value, dict) else value,
    ])  # fmt: skip


def one_of(values: Any, dice: random.Random) -> Any:
    """A value that a parameter may have."""
    picked = dice.choice([one for one in values if one != ""] or [""])
    if isinstance(picked, dict):
        return {k: one_of(v, dice) for k, v in picked.items() if isinstance(v, list)
                and any(one != "" for one in v)}  # fmt: skip
    if isinstance(picked, list) and picked and isinstance(picked[0], dict):
        return [one_of([one], dice) for one in picked]
    return picked


CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "live_simple",
              "live_multiple", "live_parallel", "live_parallel_multiple")  # fmt: skip


@pytest.mark.parametrize("category", CATEGORIES)
def test_calls_are_judged_as_bfcl_s_checker_does_on_its_own_rows(category: str) -> None:
    import bfcl_eval
    from bfcl_eval.constants.enums import Language

    from agentkit.evaluate.bfcl import differ, questions
    from agentkit.evaluate.calling import spoken

    data = Path(bfcl_eval.__file__).parent / "data"
    name = f"BFCL_v4_{category}.json"
    rows = questions(data / name, data / "possible_answer" / name)
    official, dice, seen = checker(), random.Random(category), defaultdict(int)
    for row in rows:
        functions: Any = row.meta["functions"]
        truth: Any = row.target
        for _ in range(12):
            made = []
            for right in truth:
                ((function, values),) = right.items()
                given = {k: one_of(v, dice) for k, v in values.items()
                         if "" not in v or dice.random() < 0.5}  # fmt: skip
                given = {k: v for k, v in given.items() if v != "" or "" not in values[k]}
                if dice.random() < 0.6 and given:
                    key = dice.choice(list(given))
                    given[key] = changed(given[key], dice)
                if dice.random() < 0.1 and given:
                    given.pop(dice.choice(list(given)))
                made.append((spoken(function), given))
            if dice.random() < 0.1:
                made = made[:-1] or made * 2
            dice.shuffle(made)
            theirs = official(functions, [{n: g} for n, g in made], truth, Language.PYTHON,
                              category, "gpt-4o-FC")["valid"]  # fmt: skip
            ours = not differ(made, truth, functions)
            assert ours is bool(theirs), (row.id, made, truth)
            seen[bool(theirs)] += 1
    assert min(seen[True], seen[False]) > len(rows)


def test_statistics_are_those_of_scipy_and_statsmodels() -> None:
    import numpy as np
    from krippendorff import alpha
    from scipy import stats
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.inter_rater import cohens_kappa
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import power_proportions_2indep, proportion_confint

    dice = random.Random(7)
    for _ in range(40):
        n = dice.randrange(1, 80)
        c, k = dice.randrange(n + 1), dice.randrange(1, n + 1)
        if 0 < c < n:
            assert wilson(c / n, n) == pytest.approx(proportion_confint(c, n, method="wilson"))
        assert pass_at_k(n, c, k) == pytest.approx(1 - stats.hypergeom.pmf(0, n, c, k))
        assert pass_hat_k(n, c, k) == pytest.approx(stats.hypergeom.pmf(k, n, c, k), abs=1e-12)
        b = dice.randrange(1, 40)
        if b != c:
            pairs, table = [1] * b + [-1] * c, [[5, b], [c, 5]]
            exact = float(mcnemar(table, exact=True).pvalue)
            assert sign_flip(pairs, conservative=True) == pytest.approx(exact)
            half = stats.binom.pmf(b, b + c, 0.5)  # of each of the two sums just as far
            assert sign_flip(pairs) == pytest.approx(exact - half)
        gaps = [dice.randrange(-3, 4) for _ in range(dice.randrange(2, 9))]
        if any(gaps) and sum(gaps):
            found = stats.permutation_test((np.array(gaps),), np.sum, permutation_type="samples",
                                           n_resamples=np.inf, vectorized=True, axis=0)  # fmt: skip
            assert sign_flip(gaps, conservative=True) == pytest.approx(min(1.0, found.pvalue))
        values = [dice.random() for _ in range(5)]
        assert holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]))
        one, two = ([dice.randrange(3) for _ in range(20)] for _ in range(2))
        table2 = np.array([[sum(a == i and b2 == j for a, b2 in zip(one, two, strict=True))
                            for j in range(3)] for i in range(3)])  # fmt: skip
        assert cohen_kappa(one, two) == pytest.approx(cohens_kappa(table2).kappa)
        three = [[dice.choice([1, 2, 3, 4, None]) for _ in range(12)] for _ in range(3)]
        as_floats = np.array(three, dtype=float)
        for level in ("nominal", "ordinal", "interval"):
            theirs = alpha(reliability_data=as_floats, level_of_measurement=level)
            assert krippendorff_alpha(three, level) == pytest.approx(theirs)
    for freedom in (1, 2, 3, 5, 9, 39, 500):
        assert t_of(freedom, 0.95) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.002)
    for n, gap in ((100, 0.1), (388, 0.1), (50, 0.25)):
        found = power_proportions_2indep(gap, 0.5, n).power
        assert power_of(n, gap, accuracy=0.5, paired=False) == pytest.approx(found, abs=0.01)


def test_rows_of_bfcl_are_read() -> None:
    import bfcl_eval

    from agentkit.evaluate.bfcl import Named, questions

    data = Path(bfcl_eval.__file__).parent / "data"
    rows = questions(data / "BFCL_v4_irrelevance.json")
    assert len(rows) > 200 and all(one.target == [] for one in rows)
    for one in rows:
        functions: Any = one.meta["functions"]
        for function in functions:
            assert json.dumps(Named(function).spec.parameters)
