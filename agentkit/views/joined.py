"""Runs of one trace, in one log or several: what began what, as one story.

graph = joined([open_log(), open_log("harbour.db")], [run_id])
GraphPicture(graph)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple
from urllib.parse import urlsplit

from agentkit.causes import traced
from agentkit.errors import SetupError, UnknownRun
from agentkit.events import RunStarted
from agentkit.log import Log, RunInfo
from agentkit.views.fold import fold
from agentkit.views.graph import MessageGraph

SKEW_S = 300.0
"""How far the clocks of two machines may be apart."""


class StoryRun(NamedTuple):
    """A run of the story, and where it is."""

    log: Log
    info: RunInfo
    started: RunStarted
    home: str
    """What its log is called beside the first one, which has no name."""


def parts(logs: Sequence[Log], runs: Sequence[str]) -> list[StoryRun]:
    """All runs of the traces of some runs, each after the one that began it.

    Args:
        logs: where to look; the actors of the first are called as they are, those of another
            "name @ log".
        runs: ids, of any of the logs.

    Raises:
        UnknownRun: none of the logs has a run of that id.

    Cost: reads the first event of each run that was under way when one of these was.
    """
    homes = log_names(logs)
    lists = [
        [(log, info, home) for info in log.runs()] for log, home in zip(logs, homes, strict=True)
    ]
    every = [one for listed in lists for one in listed]
    known = {info.id for _, info, _ in every}
    if missing := [run for run in runs if run not in known]:
        raise UnknownRun(
            f"No run {', '.join(missing)} in {', '.join(log.url for log in logs)}.",
            expected="the id of a run of one of these logs",
        )
    found: dict[str, StoryRun] = {}
    looked: dict[str, StoryRun] = {}
    near = [info for _, info, _ in every if info.id in runs]
    while near:
        begin, end = span(near)
        for log, info, home in every:
            if info.id in looked or not during(info, begin, end):
                continue
            if (started := first(log, info.id)) is not None:
                looked[info.id] = StoryRun(log, info, started, home)
        traces = {traced(looked[id].started) for id in [*found, *runs] if id in looked}
        fresh = [
            part
            for id, part in looked.items()
            if id not in found and traced(part.started) in traces
        ]
        found |= {part.info.id: part for part in fresh}
        # What these began may have gone on when the runs asked for had ended.
        near = [part.info for part in fresh] if fresh else []
    return ordered(found.values())


def joined(logs: Sequence[Log], runs: Sequence[str]) -> MessageGraph:
    """The message graph of some runs with all that they began, and what began them; see `parts`.

    Raises:
        UnknownRun: none of the logs has a run of that id. LogCorrupt: one cannot be read.
    """
    graph = MessageGraph()
    for part in parts(logs, runs):
        graph.homes[part.info.id] = part.home
        fold(graph, part.log.read(part.info.id))
    return graph


def log_names(logs: Sequence[Log]) -> list[str]:
    """What logs are called beside each other; the first has no name.

    Raises:
        SetupError: there is none.
    """
    if not logs:
        raise SetupError("No log is named.", expected="one or several: joined([log], [run])")
    found = [""]
    for log in logs[1:]:
        path = PurePath(urlsplit(log.url).path)
        # Most are called log.db; then their folder says whose it is.
        folder = path.parent.parent if path.parent.name == ".agentkit" else path.parent
        plain = (folder.name if path.stem == "log" else path.stem) or "another log"
        count = sum(one == plain or one.startswith(f"{plain} (") for one in found)
        found.append(f"{plain} ({count + 1})" if count else plain)
    return found


def span(infos: Iterable[RunInfo]) -> tuple[float, float]:
    """From when to when any of some runs was under way."""
    many = list(infos)
    return min(i.started for i in many), max(i.ended or float("inf") for i in many)


def during(info: RunInfo, begin: float, end: float) -> bool:
    """Whether a run was under way between two times, as far as clocks can be trusted."""
    return info.started <= end + SKEW_S and (info.ended or float("inf")) >= begin - SKEW_S


def first(log: Log, run: str) -> RunStarted | None:
    """How a run began."""
    return next((e for e in log.read(run, upto=1) if isinstance(e, RunStarted)), None)


def ordered(found: Iterable[StoryRun]) -> list[StoryRun]:
    """Runs after what began them, else by the time they began."""
    waiting = {p.info.id: p for p in sorted(found, key=lambda p: (p.info.started, p.info.id))}
    done: list[StoryRun] = []
    while waiting:
        ready = [
            id
            for id, part in waiting.items()
            if part.started.cause is None or part.started.cause.run not in waiting
        ]
        # Nobody honest claims to be his own cause; who does is shown where he stands.
        for id in ready or list(waiting):
            done.append(waiting.pop(id))
    return done
