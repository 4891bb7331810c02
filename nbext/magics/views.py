"""%graph, %timeline, %cost, %ballots, %plan, %speakers, %transcript: the faces of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.pictures.picture import Shown, static_bundle
from agentkit.pictures.transcript import TranscriptPicture
from agentkit.views.fold import fold
from nbext.magics.base import Magic, renamed
from nbext.options import Grammar, Line, Option
from nbext.session import Session, short
from nbext.table import Told, show

if TYPE_CHECKING:
    from agentkit.verify import Blame

SWITCH = {"on": True, "off": False, "auto": None}


class Still:
    """A picture that shows itself without a widget."""

    def __init__(self, picture: Shown, *, drawn: bool = False) -> None:
        self.picture, self.drawn = picture, drawn

    def __repr__(self) -> str:
        return str(self.picture)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        bundle = static_bundle(self.picture)
        if self.drawn:
            return bundle
        # A transcript is text: its picture adds nothing but size.
        return {kind: data for kind, data in bundle.items() if kind != "image/svg+xml"}


def chosen(session: Session, line: Line) -> list[str]:
    """The runs meant: one by its id, an actor's newest, all of this kernel, or the last.

    Raises:
        SetupError, UnknownRun: there is none.
    """
    name = line.words[0] if line.words else "last"
    infos = session.log.runs()
    if name == "all" and (mine := [info.id for info in infos if session.mine(info)]):
        return mine[::-1]
    if name in ("all", "last"):
        return [unnamed_run(session, session.last())]
    if asked := [info for info in infos if info.actor in names_of(session, name)]:
        return [unnamed_run(session, session.nearest(asked))]
    if name in session.actors():
        raise SetupError(f"{name} has not been asked yet.", todo=f"ask it: %%ask {name}")
    return [session.find(name).id]


def names_of(session: Session, name: str) -> set[str]:
    """How runs call the actor in a variable, which may have another name than it; or of a name."""
    actor = session.actors().get(name)
    return {name} if actor is None else {name, actor.name}


def unnamed_run(session: Session, info: RunInfo) -> str:
    """The id of a run that nobody named; one of another notebook is shown as such."""
    if not session.ours(info):
        said = f"Run {short(info.id)} is of {session.origin(info)}, not of this notebook."
        show(Told(text=said))
    return info.id


def graph(session: Session, line: Line, body: str | None) -> Any:
    """Draw who talked with whom: the last run, one RUN, an ACTOR's newest, or all of this kernel.

    An ACTOR that was not asked since it was defined is drawn as it is put together, with what a
    check of it found;
    `--plan` draws one so that was.

    Runs in this log that it began by a call through a server, or that called it, are drawn with it;
    `--with LOG` looks in another log too, such as that of another kernel.

    While the run goes on, the picture follows it. `%graph on` draws it above every answer from
    now on, `%graph off` never, `%graph auto` when several actors take part. `--labels` shows what
    is untrusted or confidential also in a run without a policy. A variable that holds what
    `agentkit.verify.blame` returned shows that run, with each agent's part under its name.
    """
    from agentkit.views.joined import parts
    from nbext.widgets import GraphWidget

    if (found := blamed(session, line)) is not None:
        widget = GraphWidget()
        widget.view.beside = found.parts()
        return widget.follow(session.log, [session.find(found.run).id])
    if line.words and line.words[0] in SWITCH and line.words[0] not in session.actors():
        session.drawing = SWITCH[line.words[0]]
        said = {True: "above every answer", False: "only with --graph and %graph"}
        when = said.get(session.drawing, "when several actors take part")  # type: ignore[arg-type]
        return Told(text=f"The message graph is drawn {when}.")
    if line.words and (actor := unasked(session, line)) is not None:
        from nbext.blueprint import Blueprint

        return Blueprint(actor)
    widget = GraphWidget()
    widget.view.colours.always = line.has("--labels")
    for part in parts([session.log, *others(session, line)], chosen(session, line)):
        widget.view.homes[part.info.id] = part.home
        widget.follow(part.log, [part.info.id])
    return widget


def blamed(session: Session, line: Line) -> Blame | None:
    """What `blame` returned, where a variable that holds it is named."""
    found = session.namespace.get(line.words[0]) if line.words else None
    if type(found).__module__ != "agentkit.verify.blame":
        return None
    from agentkit.verify import Blame

    return found if isinstance(found, Blame) else None


def others(session: Session, line: Line) -> list[Log]:
    """The logs that are named beside this one, to read.

    Raises:
        LogError: one is none, or cannot be read.
    """
    return [open_log(name, write=False) for name in line.given.get("--with", ())]


def unasked(session: Session, line: Line) -> Actor | None:
    """The actor meant, when it is to be drawn without a run.

    Raises:
        UnknownActor: --plan of somebody who is not defined.
    """
    name = line.words[0]
    if line.has("--plan"):
        return session.actor(name)
    actor = session.actors().get(name)
    if name == "all" or actor is None:
        return None
    since = session.definitions.since(name, actor)
    runs = [info for info in session.log.runs() if info.actor in names_of(session, name)]
    return None if any(went_on(session, info, since) for info in runs) else actor


def went_on(session: Session, info: RunInfo, since: float) -> bool:
    """Whether a run of this notebook went on after a time; one that was resumed did."""
    if info.ended is None:
        return session.mine(info)
    return session.ours(info) and info.ended >= since


def timeline(session: Session, line: Line, body: str | None) -> Any:
    """Draw who worked when, with waiting and retries: the last run, RUN, ACTOR's newest, or all."""
    from nbext.widgets import TimelineWidget

    return TimelineWidget().follow(session.log, chosen(session, line))


def cost(session: Session, line: Line, body: str | None) -> Any:
    """Show the bill per actor and model: the last run, RUN, ACTOR's newest, or all.

    `--by actor,day` makes it by other columns, of actor, model, run, day and notebook, and says
    what was wasted and saved; `--waterfall` shows what the time of each call went into: queues,
    attempts that failed, pauses, the first token, the reply; `--over-time` what was spent by when.
    """
    runs = chosen(session, line)
    if len(ways := [one for one in WAYS if line.has(one)]) > 1:
        raise SetupError(
            f"%cost cannot have {' and '.join(ways)} at once.", expected=f"one of {', '.join(WAYS)}"
        )
    if ways:
        return Still(priced(session, line, runs, ways[0]), drawn=True)
    from nbext.widgets import BillWidget

    return BillWidget().follow(session.log, runs)


def priced(session: Session, line: Line, runs: list[str], way: str) -> Shown:
    """A still picture of what runs cost."""
    from agentkit.pictures.bill import Bill
    from agentkit.pictures.spending import SpendingPicture
    from agentkit.pictures.waterfall import WaterfallPicture
    from agentkit.views.calls import calls

    if way == "--by":
        by = [one.strip() for one in (line.one("--by") or "").split(",") if one.strip()]
        return Bill(calls(session.log, runs), by)
    events = [event for run in runs for event in session.log.read(run)]
    return fold(WaterfallPicture() if way == "--waterfall" else SpendingPicture(), events)


def ballots(session: Session, line: Line, body: str | None) -> Any:
    """Show who held what in a debate or vote: the last run, RUN, ACTOR's newest, or all.

    With `--truth ANSWER` right and wrong are told apart, and where the majority went wrong.
    """
    from agentkit.views.ballots import Ballots
    from nbext.widgets import BallotsWidget

    view = Ballots(line.one("--truth"))
    return BallotsWidget(view).follow(session.log, chosen(session, line))


def plan(session: Session, line: Line, body: str | None) -> Any:
    """Show the steps of a plan and how far they are: the last run, RUN, ACTOR's newest, or all."""
    from nbext.widgets import PlanWidget

    return PlanWidget().follow(session.log, chosen(session, line))


def speakers(session: Session, line: Line, body: str | None) -> Any:
    """Show who spoke when in a chat, and why: the last run, RUN, ACTOR's newest, or all."""
    from nbext.widgets import SpeakersWidget

    return SpeakersWidget().follow(session.log, chosen(session, line))


def transcript(session: Session, line: Line, body: str | None) -> Still:
    """Show who said what to whom, tools included: the last run, RUN, ACTOR's newest, or all."""
    events = [event for run in chosen(session, line) for event in session.log.read(run)]
    return Still(fold(TranscriptPicture(), events))


def grammar(name: str, more: str = "", options: tuple[Option, ...] = ()) -> Grammar:
    """All of them take the same words."""
    return Grammar(
        magic=name,
        usage=f"[RUN | ACTOR | all{more}]",
        options=options,
        takes=("RUN|ACTOR",),
        most=1,
    )


PLAN = Option(name="--plan", help="the ACTOR as it is put together, not its newest run")
WITH = Option(
    name="--with", value="LOG", help="a log with runs that it began, or began it", many=True
)
LABELS = Option(
    name="--labels", help="show what is untrusted or confidential without a policy, too"
)
DRAWN = grammar("%graph", " | on | off | auto", (PLAN, WITH, LABELS))
GRAPH = Magic("graph", "line", DRAWN, graph)
SPEAKERS = Magic("speakers", "line", grammar("%speakers"), speakers)
TIMELINE = Magic("timeline", "line", grammar("%timeline"), timeline)
TRUTH = Option(name="--truth", value="ANSWER", help="the right answer, when it is known")
BALLOTS = Magic("ballots", "line", grammar("%ballots", "", (TRUTH,)), ballots)
BOARD = renamed(BALLOTS, "board")
BILLS = (
    Option(name="--by", value="COLUMNS", help="of actor, model, run, day, notebook; also several"),
    Option(name="--waterfall", help="what the time of each call went into"),
    Option(name="--over-time", help="what was spent by when"),
)
WAYS = tuple(one.name for one in BILLS)
COST = Magic("cost", "line", grammar("%cost", "", BILLS), cost)
STEPS = Magic("plan", "line", grammar("%plan"), plan)
TRANSCRIPT = Magic("transcript", "line", grammar("%transcript"), transcript)
