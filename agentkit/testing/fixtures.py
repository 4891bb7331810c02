"""The pytest plugin: fixtures that come with the package, for tests of one's own agents.

    scripted           a model that says what the test tells it, in the place of every agent's
    recorded           real replies, recorded once in a file beside the test
    agentkit_log       a log of the test's own
    no_real_endpoints  no request leaves for a real model

Without an installed package: `pytest_plugins = ["agentkit.testing.fixtures"]` in conftest.py.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agentkit.log import Log
    from agentkit.testing import Forbidden, Line, RecordedModel, ScriptedModel

# Modules of agentkit are imported inside: the plugin is loaded in every test session there is.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records."""
    parser.getgroup("agentkit").addoption(
        "--agentkit-record",
        action="store_true",
        help="ask the real models, and record their replies for the fixture `recorded`",
    )


@pytest.fixture
def agentkit_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """A log of the test's own, where every ask of the test is recorded that names no other."""
    from agentkit.logs import open_log

    path = tmp_path / "agentkit-log.db"
    monkeypatch.setenv("AGENTKIT_LOG", f"sqlite:///{path}")
    log = open_log()
    yield log
    log.close()


@pytest.fixture
def no_real_endpoints() -> Iterator[Forbidden]:
    """Every request to a real model is refused, and the test fails if there was one."""
    from agentkit.testing import forbid_real_endpoints

    with forbid_real_endpoints() as forbidden:
        yield forbidden
    if forbidden.asked:
        pytest.fail(f"real models were to be asked: {', '.join(forbidden.asked)}", pytrace=False)


@pytest.fixture
def scripted(
    agentkit_log: Log, no_real_endpoints: Forbidden
) -> Iterator[Callable[..., ScriptedModel]]:
    """Call it with lines: it makes the model that every agent asks in this test.

    Keywords are names of agents, each with a line or a list of lines of its own:
    `scripted(clerk=[call("tariff", port="Amber"), "79.2 EUR"], checker="right")`. Lines that
    nobody has asked for when the test ends fail it.
    """
    from agentkit.testing import ScriptedModel, stand_in

    made: list[ScriptedModel] = []

    def script(*lines: Line, **actors: Line | Sequence[Line]) -> ScriptedModel:
        model = ScriptedModel(*lines, actors=actors)
        made.append(model)
        standing.enter_context(stand_in(model))
        return model

    with ExitStack() as standing:
        yield script
    if left := [line for model in made for line in model.unsaid]:
        pytest.fail(f"nobody asked for {len(left)} of the lines: {left!r:.500}", pytrace=False)


@pytest.fixture
def recorded(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., RecordedModel | None]]:
    """Call it with a name: every agent gets the replies of `recorded/NAME.db` beside the test.

    `recorded("NAME", other_instructions=True)` also gives an agent whose instructions were edited
    since the replies to the old ones, and a warning says how often it did.

    A test fails when it ends, too, where something was asked that is not recorded. With
    `pytest --agentkit-record` the agents ask their own models, real ones too, and the file
    is made anew; the call returns None then.
    """
    from agentkit.logs import open_log
    from agentkit.testing import RecordedModel, forbid_real_endpoints, stand_in

    record = request.config.getoption("--agentkit-record")

    def use(name: str, *, other_instructions: bool = False) -> RecordedModel | None:
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError(f"{name!r} cannot be the name of a recording: letters, digits, - . _")
        path = request.path.parent / "recorded" / f"{name}.db"
        if not record:
            if not path.exists():
                pytest.fail(f"{path} is not there: pytest --agentkit-record makes it", False)
            models.append(RecordedModel(path, other_instructions=other_instructions))
            return standing.enter_context(stand_in(models[-1]))
        path.parent.mkdir(exist_ok=True)
        for old in path.parent.glob(f"{name}.db*"):
            old.unlink()
        monkeypatch.setenv("AGENTKIT_LOG", f"sqlite:///{path}")
        standing.callback(open_log().close)
        return None

    models: list[RecordedModel] = []
    with ExitStack() as standing:
        if not record:
            monkeypatch.setenv("AGENTKIT_LOG", f"sqlite:///{tmp_path / 'agentkit-log.db'}")
            standing.callback(lambda: open_log().close())
            standing.enter_context(forbid_real_endpoints())
        yield use
    for agent, count in [pair for model in models for pair in model.outdated.items()]:
        told = f"{count} asks of {agent} got replies that were recorded with other instructions"
        warnings.warn(f"{told}: no test of the new ones.", pytest.PytestWarning, stacklevel=1)
    if refused := [error for model in models for error in model.refused]:
        pytest.fail(f"not as it was recorded: {refused[0]}", pytrace=False)
