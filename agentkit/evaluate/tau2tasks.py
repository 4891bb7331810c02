"""The tasks of tau2-bench as their official files have them.

Source: `data_model/tasks.py` of sierra-research/tau2-bench on GitHub, version 1.0; its tasks are
there too, in data/tau2/domains/NAME/tasks.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict

from agentkit.errors import SetupError, error_text
from agentkit.evaluate.samples import Dataset
from agentkit.evaluate.tau import read_as, several
from agentkit.messages import JSON, Frozen

Side = Literal["assistant", "user"]


class TaskPart(Frozen):
    """A part of an official task; what else it has is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Action(TaskPart):
    """A call of a tool, by whichever side."""

    name: str
    arguments: dict[str, JSON] = {}
    requestor: Side = "assistant"
    compare_args: tuple[str, ...] | None = None

    def is_made_by(self, call: Action) -> bool:
        """Return whether a call is this one; by default in the arguments that the call has."""
        if self.name != call.name:
            return False
        names = call.arguments.keys() if self.compare_args is None else self.compare_args
        return {k: v for k, v in call.arguments.items() if k in names} == {
            k: v for k, v in self.arguments.items() if k in names
        }


class InitialCall(TaskPart):
    """A call of any function of a side's tools, to prepare the scene."""

    env_type: Side
    func_name: str
    arguments: dict[str, JSON] = {}


class Assertion(InitialCall):
    """What such a function must return."""

    assert_value: bool = True
    message: str | None = None


class InitialData(TaskPart):
    """What is changed in the databases before anything is said."""

    agent_data: dict[str, JSON] | None = None
    user_data: dict[str, JSON] | None = None


class Initial(TaskPart):
    """The scene before the first word."""

    initialization_data: InitialData | None = None
    initialization_actions: tuple[InitialCall, ...] | None = None
    message_history: tuple[JSON, ...] | None = None


class Criteria(TaskPart):
    """What makes the reward."""

    actions: tuple[Action, ...] | None = None
    env_assertions: tuple[Assertion, ...] | None = None
    communicate_info: tuple[str, ...] | None = None
    nl_assertions: tuple[str, ...] | None = None
    reward_basis: tuple[
        Literal["DB", "ENV_ASSERTION", "NL_ASSERTION", "ACTION", "COMMUNICATE"], ...
    ] = ("DB", "COMMUNICATE")


class Scenario(TaskPart):
    """Who the customer is, and what is wanted."""

    persona: str | None = None
    instructions: str | dict[str, JSON]

    @property
    def words(self) -> str:
        """All of it as a text."""
        given = self.instructions
        told = given if isinstance(given, str) else "\n".join(
            f"{name.replace('_', ' ')}: {value}" for name, value in given.items() if value
        )  # fmt: skip
        return "\n".join(filter(None, [self.persona, told]))


class Task(TaskPart):
    """One customer with one wish."""

    id: str
    user_scenario: Scenario
    initial_state: Initial | None = None
    evaluation_criteria: Criteria | None = None
    user_tools: tuple[str, ...] | None = None
    """Those of the customer, by name; None for all of the domain."""


def tasks(domain: str, given: Iterable[Any] | str | Path) -> Dataset:
    """Return tasks as a dataset.

    Args:
        domain: its name.
        given: the path of an official tasks.json, or tasks, as objects or dicts.

    Raises:
        SetupError: the file cannot be read, or a task is of another form.
    """
    rows = []
    tasks = read(given) if isinstance(given, str | Path) else several(domain, given)
    for number, one in enumerate(tasks):
        wrong = f"Task {number} of {domain} is none of tau2-bench"
        made = read_as(Task, one, wrong, "id, user_scenario, evaluation_criteria")
        if made.initial_state is not None and made.initial_state.message_history:
            raise SetupError(
                f"Task {made.id} of {domain} begins in mid-talk.",
                expected="a task without message_history, as those of its published domains",
            )
        whole = made.model_dump(mode="json")
        asked = {"id": made.id, "scenario": made.user_scenario.words}
        rows.append({"id": made.id, "input": asked, "task": whole})
    return Dataset(rows, name=domain)


def read(path: str | Path) -> list[Any]:
    """Return the tasks of a file.

    Raises:
        SetupError: it cannot be read, or holds no list.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SetupError(
            f"The tasks {path} cannot be read: {error_text(error)}.", expected="a tasks.json"
        ) from error
    if not isinstance(found, list):
        raise SetupError(f"{path} holds no list of tasks.", expected="a tasks.json")
    return found
