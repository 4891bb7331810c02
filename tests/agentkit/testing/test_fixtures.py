"""The fixtures, as a user's own test session uses them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.warm import AGENTKIT, REWRITTEN

DESK = '''
"""A user's module: agents that are made when it is imported, with a hosted model."""

from agentkit import Agent, pattern, tool


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR for 30 t in a port."""
    return 79.2


clerk = Agent("clerk", "Use your tools.", model="MODEL", tools=[tariff])
checker = Agent("checker", "You check answers.", model="MODEL")


@pattern
async def office(task: str) -> str:
    draft = await clerk(task)
    return (await checker(f"{task}: {draft.text}")).text
'''

GOOD = """
from agentkit import open_log
from agentkit.testing import call
from desk import clerk, office


def test_lines_for_each_agent(scripted, agentkit_log):
    model = scripted(clerk=[call("tariff", port="Amber"), "79.2 EUR"], checker="right")
    assert office.run_sync("The dues?").text == "right"
    assert model.requests[1].thread[-1].message.content == "79.2"
    assert [run.actor for run in agentkit_log.runs()] == ["office"]
    assert open_log() is agentkit_log


def test_a_second_one_begins_with_an_empty_log(scripted, agentkit_log):
    assert agentkit_log.runs() == []
    scripted(lambda request: "first")
    scripted("second")
    assert clerk.run_sync("q").text == "second", "the last one stands in"


def test_no_request_leaves(no_real_endpoints):
    from agentkit import connect

    assert no_real_endpoints.asked == []
"""

BAD = """
import pytest
from agentkit import AgentkitError
from desk import clerk


def test_lines_that_nobody_asks_for(scripted):
    scripted("one", "two")
    assert clerk.run_sync("q").text == "one"


def test_a_real_model_although_the_error_is_swallowed(no_real_endpoints):
    with pytest.raises(AgentkitError):
        clerk.run_sync("q")


def test_no_recording(recorded):
    recorded("nothing")


def test_a_recording_outside_of_its_folder(recorded):
    recorded("../desk")
"""

RECORDED = """
from desk import clerk


def test_dues(recorded):
    recorded("dues")
    assert "79.2" in clerk.run_sync("What are the dues in Amber?").text
"""


SWALLOWED = """
import contextlib
from desk import clerk


def test_dues(recorded):
    recorded("dues")
    with contextlib.suppress(Exception):
        clerk.run_sync("What are the dues in Amber?")
"""


def session(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """A test session of a user, whose environment has a key."""
    plugin = [
        "-p",
        "agentkit.testing.fixtures",
        "-p",
        "no:cacheprovider",
        "-W",
        f"ignore:{REWRITTEN}",
    ]
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{folder}", "OPENAI_API_KEY": "sk-of-the-user"}
    # Those of this checkout, and no others: to load them all takes longer than the tests.
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = ["-m", "pytest", "-q", "--rootdir", str(folder), *plugin, *args]
    return AGENTKIT.run(*command, cwd=folder, env=env)


def project(folder: Path, model: str, **files: str) -> Path:
    (folder / "desk.py").write_text(DESK.replace("MODEL", model))
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_the_fixtures_do_what_they_say(tmp_path: Path) -> None:
    project(tmp_path, "openai:gpt-5-mini", test_good=GOOD, test_bad=BAD)
    good = session(tmp_path, "test_good.py")
    assert good.returncode == 0 and "3 passed" in good.stdout, good.stdout
    bad = session(tmp_path, "test_bad.py")
    assert "nobody asked for 1 of the lines: ['two']" in bad.stdout
    assert "real models were to be asked: openai:gpt-5-mini at https://api" in bad.stdout
    assert "nothing.db is not there: pytest --agentkit-record makes it" in bad.stdout
    assert "'../desk' cannot be the name of a recording" in bad.stdout
    assert "2 failed, 2 passed, 2 errors" in bad.stdout


def test_a_recording_is_made_once_and_tells_of_every_change(tmp_path: Path) -> None:
    project(tmp_path, "sim:careful", test_recorded=RECORDED)
    made = session(tmp_path, "--agentkit-record")
    assert made.returncode == 0, made.stdout
    assert [one.name for one in (tmp_path / "recorded").iterdir()] == ["dues.db"]
    # From here on its model is one that no test may ask.
    project(tmp_path, "openai:gpt-5-mini")
    again = session(tmp_path)
    assert again.returncode == 0, again.stdout
    desk = tmp_path / "desk.py"
    desk.write_text(desk.read_text().replace("Use your tools.", "Use them."))
    # Also where the code under test goes on without the answer.
    (tmp_path / "test_swallowing.py").write_text(SWALLOWED)
    changed = session(tmp_path)
    assert "clerk asked what is not recorded: message 1 of the conversation is" in changed.stdout
    assert "1 failed, 1 passed, 2 errors" in changed.stdout, changed.stdout
    assert "not as it was recorded: clerk asked what is not recorded" in changed.stdout
    test = tmp_path / "test_recorded.py"
    test.write_text(test.read_text().replace('"dues"', '"dues", other_instructions=True'))
    loose = session(tmp_path, "test_recorded.py")
    assert loose.returncode == 0, loose.stdout
    assert "2 asks of clerk got replies that were recorded with other" in loose.stdout


@pytest.mark.parametrize("module", ["httpx", "agentkit.agent", "agentkit.endpoints"])
def test_the_plugin_brings_nothing_heavy_into_sessions_that_do_not_use_it(module: str) -> None:
    code = f"import sys, pytest, agentkit.testing.fixtures; print({module!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_the_package_names_it_as_a_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"agentkit": "agentkit.testing.fixtures"}
