"""What a notebook's kernel holds: the open log and what runs now; nothing a restart may lose."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.context import Memory
from agentkit.delegation import ActorTool
from agentkit.endpoints import keys
from agentkit.endpoints.connect import DEFAULT
from agentkit.endpoints.finding import sim_inside
from agentkit.errors import AgentkitError, SetupError, UnknownActor
from agentkit.events import RunStarted
from agentkit.lease import owner_gone
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.machine import process_name
from agentkit.messages import JSON
from agentkit.origins import beginning_of
from agentkit.person import Question
from agentkit.place import alike, here
from agentkit.tools.toolbox import is_tool
from agentkit.views.branching import short_id
from nbext.background import Background
from nbext.definitions import Definitions
from nbext.options import meant
from nbext.show import Canvas

MODEL = "AGENTKIT_MODEL"


class WaitingQuestion(NamedTuple):
    """A question that waits, and what its answer is given to."""

    question: Question
    hear: Callable[[dict[str, JSON]], None]
    """Takes {"type": "seen"} or {"type": "answer", "text": ...}, from any thread."""


class Session:
    """The notebook's side of agentkit.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.background: dict[str, Background] = {}
        self.foreground: dict[str, asyncio.Task[Any] | None] = {}
        """What awaits the asks of cells that run now, by run."""
        self.questions: dict[str, WaitingQuestion] = {}
        """Questions that wait for the person, each by an id of its own."""
        self.listeners: list[Callable[[], None]] = []
        """Called when the questions change."""
        self.canvases: dict[str, Canvas] = {}
        """Where the asks that go on show their text, by run."""
        self.scripted: deque[str] = deque()
        self.budget_usd: float | None = None
        self.drawing: bool | None = None
        """Whether an ask shows its graph; None: when several actors take part."""
        self.wire: Any = None
        """What watches the wire, once `%wire` was used."""
        self.redefined: list[str] = []
        self.definitions = Definitions()
        self.model_before = os.environ.get(MODEL)
        self.told = ""
        """The path of this notebook, as a front end tells it; a kernel elsewhere knows no other."""
        self.ready = False
        """Whether the cell that runs was read when it was known which magics are awaited."""

    @property
    def namespace(self) -> dict[str, Any]:
        """The notebook's variables."""
        found: dict[str, Any] = self.shell.user_ns
        return found

    def check_awaited(self, magic: str) -> None:
        """See to it that nobody asks in the very cell that loads the extension.

        Raises:
            SetupError: IPython has read that cell before it knew what to await.
        """
        if not self.ready:
            raise SetupError(
                f"{magic} cannot be used in the cell that loads nbext.",
                expected="%load_ext nbext in a cell of its own, above",
                todo="run this cell again: now it is loaded",
            )

    def put(self, id: str, asked: WaitingQuestion | None) -> None:
        """Note that a question waits, or that it waits no more, and tell who listens."""
        if asked is None:
            self.questions.pop(id, None)
        else:
            self.questions[id] = asked
        for listener in list(self.listeners):
            listener()

    @property
    def log(self) -> Log:
        """The log that asks in this kernel go to."""
        return open_log()

    @property
    def in_notebook(self) -> bool:
        """Whether outputs can be updated where they stand."""
        return hasattr(self.shell, "kernel")

    def answers(self, answers: Iterable[str]) -> None:
        """Answer the next questions so, in this order, instead of a person; for tests."""
        self.scripted.extend(answers)

    def actors(self) -> dict[str, Actor]:
        """The actors among the notebook's variables, by variable."""
        return {
            name: value
            for name, value in list(self.namespace.items())
            if isinstance(value, Actor) and not name.startswith("_")
        }

    def memories(self) -> dict[str, Memory]:
        """The memories among the notebook's variables, by variable."""
        return {
            name: value
            for name, value in list(self.namespace.items())
            if isinstance(value, Memory) and not name.startswith("_")
        }

    def actor(self, name: str) -> Actor:
        """The actor in the variable of that name, or the one that calls itself so.

        Raises:
            UnknownActor: there is none.
        """
        actors = self.actors()
        if name in actors:
            return actors[name]
        called = [actor for actor in actors.values() if actor.name == name]
        if called:
            return called[-1]
        if name in self.namespace:
            what = f"{name} is a {sort_of(self.namespace[name])}, not an actor."
        else:
            what = f"No actor is called {name!r}."
        raise UnknownActor(
            what,
            expected=", ".join(actors) or "an actor, but this notebook has none yet",
            todo=meant(name, actors) or f"define it first: %%agent {name}",
            name=name,
        )

    def asked_in(self, info: RunInfo) -> Actor:
        """The actor that a recorded run asked, as this kernel defines it.

        Raises:
            SetupError: the run is a block of code. UnknownActor: it is not defined here.
        """
        if info.actor is None:
            raise SetupError(
                f"Run {short(info.id)} is a block of code, not an ask.",
                todo=f"run the block again as: async with run(resume={info.id!r})",
                run_id=info.id,
            )
        for actor in reversed(self.actors().values()):
            if actor.name == info.actor:
                return actor
        raise UnknownActor(
            f"Run {short(info.id)} asked {info.actor}, who is not defined in this kernel.",
            expected=", ".join(self.actors()) or f"a variable that holds {info.actor}",
            todo=f"run the cell that defines it (%%agent {info.actor}, or the Python that makes"
            " it), then this one again",
            name=info.actor,
            run_id=info.id,
        )

    def find(self, name: str) -> RunInfo:
        """The run of that id (or start, or end of it).

        Raises:
            UnknownRun: none, or several.
        """
        if name == "last":
            return self.last()
        run_id = self.log.find(name)
        return next(info for info in self.log.runs() if info.id == run_id)

    def last(self) -> RunInfo:
        """The newest run: of this kernel, else of this notebook, else in the log.

        Raises:
            SetupError: the log is empty.
        """
        infos = self.log.runs()
        if not infos:
            raise SetupError(
                f"The log {self.log.url} has no runs yet.", todo="ask somebody: %%ask ACTOR"
            )
        return self.nearest(infos)

    def nearest(self, infos: Sequence[RunInfo]) -> RunInfo:
        """The first of some runs, those of this kernel first, then those of this notebook."""
        return min(infos, key=lambda info: 0 if self.mine(info) else 1 if self.ours(info) else 2)

    def own(self) -> RunInfo:
        """The newest run of this notebook, to be performed once more.

        Raises:
            SetupError: there is none, though there may be some of others.
        """
        info = self.last()
        if not self.ours(info):
            raise self.elsewhere("This notebook has no runs yet.", info)
        return info

    def elsewhere(self, what: str, info: RunInfo) -> SetupError:
        """The error where only another notebook's run would do: whose it is, and how to take it."""
        return SetupError(
            f"{what} The newest in the log is {short(info.id)} of {self.origin(info)}"
            f" ({info.name}).",
            expected="a run of this notebook, or the id of one of another",
            todo=f"name it, if it is meant: {short(info.id)}",
            run_id=info.id,
        )

    def ours(self, info: RunInfo) -> bool:
        """Whether a run belongs to this notebook, whichever kernel wrote it.

        Where no front end tells which notebook it is, as in a console, runs of kernels that have
        ended are taken for earlier ones of this one.
        """
        if self.mine(info):
            return True
        place = here()
        return alike(info.place, place) and (place is not None or owner_gone(info.owner))

    def origin(self, info: RunInfo) -> str:
        """Where a run comes from that is not of this notebook, in words."""
        if info.place is None:
            return "a script or console"
        name = os.path.basename(info.place)
        return info.place if name == os.path.basename(here() or "") else name

    def mine(self, info: RunInfo) -> bool:
        """Whether this process wrote the run last."""
        return info.owner.split(":")[-2:-1] == [process_name()]

    def unfinished(self) -> RunInfo:
        """The newest ask of this notebook that did not end well and that nobody is working on.

        Raises:
            SetupError: there is none.
        """
        found = [info for info in self.log.runs() if self.stopped(info)]
        if mine := next((info for info in found if self.ours(info)), None):
            return mine
        if working := self.working():
            names = ", ".join(f"{one.actor} ({short(run)})" for run, one in working.items())
            raise SetupError(
                f"{names} still works in the background; there is nothing else to resume.",
                todo="wait for it, or end it first: %stop",
            )
        if found:
            raise self.elsewhere("No run of this notebook waits to be resumed.", found[0])
        raise SetupError(
            "Every run in the log is finished; there is nothing to resume.",
            expected="a run that failed, was interrupted or lost its kernel",
            todo="list them with %runs, or perform one again with %rerun RUN",
        )

    def stopped(self, info: RunInfo) -> bool:
        """Whether a run is an ask that did not end well and that nobody is working on."""
        if info.status == "ok" or info.actor is None or info.id in self.working():
            return False
        return info.status != "open" or self.mine(info) or owner_gone(info.owner)

    def working(self) -> dict[str, Background]:
        """The background runs that go on."""
        return {run_id: task for run_id, task in self.background.items() if not task.done}

    def started(self, info: RunInfo) -> RunStarted:
        """What was asked in a run."""
        return beginning_of(self.log.read(info.id), info.id)

    @property
    def model(self) -> str:
        """The model of agents that name none."""
        return keys.setting(MODEL) or DEFAULT

    def use_model(self, name: str | None) -> None:
        """Make this the model of agents defined from now on that name none."""
        if name is None:
            os.environ.pop(MODEL, None)
        else:
            os.environ[MODEL] = name

    def start_simulation(self) -> None:
        """Start the simulated endpoint now if it is the default, so that the first ask is quick."""
        if not self.model.startswith("sim:") or sim_inside():
            return

        def start() -> None:
            from agentkit.sim import server

            try:
                server.endpoint()
            except AgentkitError:
                return  # the first ask meets the same trouble, and shows it

        threading.Thread(target=start, name="agentkit-sim-start", daemon=True).start()

    def stop_simulation(self) -> None:
        """End the simulated endpoint of this process, if it runs."""
        from agentkit.sim import server

        server.stop_endpoint()

    def close(self) -> None:
        """Stop what runs, and leave the process as it was found."""
        if self.wire is not None:
            self.wire.stop()
        for task in self.background.values():
            task.stop()
        self.use_model(self.model_before)
        self.stop_simulation()


short = short_id
"""A run's id as it is shown; `%runs` and all magics take it."""


def sort_of(value: Any) -> str:
    """What a variable holds, in a word: a Tool, of whichever kind, or the name of its class."""
    return "Tool" if is_tool(value) else type(value).__name__


def involves_others(actor: Actor) -> bool:
    """Whether an ask of this actor asks others in turn, as far as one can see before."""
    if isinstance(actor, Agent):
        return any(isinstance(one, ActorTool) for one in actor.tools.values())
    return True
