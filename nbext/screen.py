"""The outputs of an ask: its text, and above it the message graph where that is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentkit.actor import Actor
from agentkit.answer import Answer
from nbext.mishaps import Mishaps
from nbext.session import Session, involves_others
from nbext.show import Canvas, LiveProgress, answer_shown, paragraphs_of, small

if TYPE_CHECKING:
    from nbext.widgets import GraphWidget


class Screen:
    """What one ask shows; quiet ones show nothing."""

    def __init__(
        self, session: Session, run_id: str, canvas: Canvas | None, widget: GraphWidget | None
    ) -> None:
        self.session, self.run_id = session, run_id
        self.canvas, self.widget = canvas, widget
        self.mishaps = Mishaps()
        self.removers: list[Callable[[], None]] = []
        if canvas is not None:
            session.canvases[run_id] = canvas
            for receive in (self.mishaps.receive, canvas.receive):
                self.removers.append(session.log.subscribe(receive, run_id))

    def answer(self, answer: Answer, extra: str) -> None:
        """Show the answer, which ends the ask."""
        if self.canvas is not None:
            markdown, text = answer_shown(answer, extra)
            for line in self.mishaps.said():
                markdown, text = paragraphs_of(markdown, small(line)), f"{text}\n[{line}]"
            self.canvas.finish(markdown, text)
        if self.widget is not None:
            self.widget.flush()
            self.widget.detach()

    def stop(self, why: str) -> None:
        """Show that it stopped, and why; a graph keeps watching for a resume."""
        if self.canvas is not None:
            self.canvas.stopped(why)
        if self.widget is not None:
            self.widget.flush()

    def close(self) -> None:
        """Follow the run no more."""
        for remove in self.removers:
            remove()
        self.session.canvases.pop(self.run_id, None)

    def refresh(self) -> None:
        """Renew the outputs from the cell that runs now.

        A client that executes a notebook without a person takes no output from a cell that
        has ended, so work in the background is brought up to date from a later one.
        """
        if self.canvas is not None:
            self.canvas.again()
        if self.widget is not None:
            self.widget.refresh()


def screen(
    session: Session, actor: Actor, run_id: str, *, quiet: bool, graph: bool | None, how: str
) -> Screen:
    """Make the outputs of an ask in the running cell.

    Args:
        session: the notebook's.
        actor: who is asked.
        run_id: the run to follow.
        quiet: whether to show nothing.
        graph: whether to draw the message graph; None leaves it to the session, which by
            default draws it when several actors take part.
        how: "resume" and "replay" are followed in their own ways; anything else is a new run.
    """
    if quiet:
        return Screen(session, run_id, None, None)
    wanted = graph if graph is not None else session.drawing
    drawn = (wanted if wanted is not None else involves_others(actor)) and how != "replay"
    widget = drawing(session, run_id, how == "resume") if drawn else None
    canvas = Canvas(live=session.in_notebook)
    canvas.follow(LiveProgress(actor.name))
    return Screen(session, run_id, canvas, widget)


def drawing(session: Session, run_id: str, recorded: bool) -> GraphWidget:
    """The graph of a run: one that goes on, or one about to begin."""
    from nbext.widgets import GraphWidget

    widget = GraphWidget()
    if recorded:
        widget.follow(session.log, [run_id])
    else:
        widget.attach(lambda callback: session.log.subscribe(callback, run_id))
    return widget.show()
