"""SWE-bench: instances in the official format, patches judged by their tests, predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate
from agentkit.evaluate.swe import (
    Instance,
    dataset,
    instances,
    mender,
    mini,
    predictions,
    swe,
    verdict,
)
from agentkit.sandbox import Limits
from agentkit.testing import ScriptedModel, call
from tests.agentkit.sandbox.here import bubblewrap


@bubblewrap
@pytest.mark.parametrize("instance", mini(), ids=lambda one: one.instance_id)
async def test_the_authors_patch_resolves_and_nothing_else_does(instance: Instance) -> None:
    right = await verdict(instance, instance.patch)
    assert right.resolved and not right.failed, right
    assert not (await verdict(instance, "")).applied
    assert (await verdict(instance, "no patch at all")).error == "the patch cannot be applied"
    harmless = "--- /dev/null\n+++ b/NOTES\n@@ -0,0 +1 @@\n+nothing\n"
    unmended = await verdict(instance, harmless)
    assert unmended.applied and set(unmended.failed) == set(instance.FAIL_TO_PASS)


@bubblewrap
async def test_a_patch_cannot_change_its_tests_or_break_others() -> None:
    tides = mini()[0]
    cheat = (
        "--- a/tests/test_window.py\n+++ b/tests/test_window.py\n@@ -1,4 +1,4 @@\n"
        "-from tides import open_at, window\n+window = None\n \n \n def test_within_a_day():\n"
    )
    found = await verdict(tides, cheat)
    assert found.applied and set(found.failed) == set(tides.FAIL_TO_PASS)
    broken = tides.patch.replace("% DAY\n", "% DAY + 1\n", 1)
    assert set((await verdict(tides, broken)).failed) >= {"tests/test_window.py::test_within_a_day"}
    endless = tides.patch.replace("DAY = 24 * 60", "while True: DAY = 24 * 60")
    assert "TimeSpent" in (await verdict(tides, endless, Limits(wall_s=1))).error


@bubblewrap
async def test_a_team_mends_an_instance_and_the_official_harness_can_have_it(
    tmp_path: Path,
) -> None:
    tides = mini()[0]
    lines = [
        call("search", text="def window"),
        call("edit", path="tides/window.py", first=8, last=8,
             text="    return (minutes(closes) - minutes(opens)) % 1440"),
        call("edit", path="tides/window.py", first=13, last=13,
             text="    return (minutes(time) - minutes(opens)) % 1440 < window(opens, closes)"),
        "Mended.",
    ]  # fmt: skip
    team = mender(lambda bench: Agent("m", model=ScriptedModel(*lines), tools=bench.tools), [tides])
    result = await evaluate(team, Suite(dataset([tides]), [swe([tides])]))
    assert result.accuracy == 1.0, result.trials[0].why
    assert predictions(result, tmp_path / "all.jsonl") == 1
    row = json.loads((tmp_path / "all.jsonl").read_text())
    assert set(row) == {"instance_id", "model_name_or_path", "model_patch"}
    assert "% 1440" in row["model_patch"] and row["instance_id"] == "amber__tides-1"


def test_official_files_are_read_and_others_refused(tmp_path: Path) -> None:
    row = {
        "instance_id": "a__b-1", "repo": "a/b", "base_commit": "c", "problem_statement": "p",
        "FAIL_TO_PASS": '["t.py::a"]', "PASS_TO_PASS": ["t.py::b"], "created_at": "2024",
    }  # fmt: skip
    path = tmp_path / "lite.jsonl"
    path.write_text(json.dumps(row) + "\n\n")
    assert instances(path)[0].FAIL_TO_PASS == ("t.py::a",)
    path.write_text(json.dumps([row]))
    assert instances(path)[0].PASS_TO_PASS == ("t.py::b",)
    for wrong in ("{", '{"instance_id": "a"}', json.dumps({**row, "FAIL_TO_PASS": "["})):
        path.write_text(wrong)
        with pytest.raises(SetupError, match="no instance of SWE-bench"):
            instances(path)


async def test_what_brings_no_repository_is_for_the_official_harness() -> None:
    bare = mini()[0].model_copy(update={"files": {}})
    with pytest.raises(SetupError, match="official harness"):
        await verdict(bare, bare.patch)


def test_instances_without_tests_to_mend_are_not_judged() -> None:
    renamed = mini()[0].model_dump() | {"fail_to_pass": ["a"]}
    del renamed["FAIL_TO_PASS"]
    with pytest.raises(SetupError, match="has no FAIL_TO_PASS"):
        swe([Instance.model_validate(renamed)])
