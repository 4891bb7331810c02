"""What all live widgets share: Python folds, JavaScript draws, and nothing is lost between.

Changes go out in batches, at most one every 40 ms, because a notebook server drops
messages above 1,000 a second without a word. Every batch says from which revision
to which it leads; a front end that mounts late, reloads or sees a gap asks for what
it lacks and gets it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self
from weakref import WeakSet

from agentkit.extras import missing_extra

try:
    import anywidget
    import traitlets
    from IPython.core.getipython import get_ipython
    from IPython.display import publish_display_data
except ImportError as error:
    raise missing_extra(error) or error from None

from agentkit.events import Delta, ReplyPiece, RunEnded, RunStarted, What
from agentkit.messages import JSON
from agentkit.pictures.picture import Picture, static_bundle
from agentkit.views.fold import Fold
from agentkit.words import for_terminal
from nbext.widgets.door import door
from nbext.widgets.modules import served, styles

BATCH_S = 0.04
"""Time between two batches."""

WIDGET = "application/vnd.jupyter.widget-view+json"

FROZEN_BYTES = 262_144
"""A final state larger than this is not kept in the widget; its still picture is."""

Subscribe = Callable[[Callable[[Any], None]], Callable[[], None]]
"""Takes a callback and returns what removes it again."""


class EventLog(Protocol):
    """The part of a log that widgets need."""

    def read(self, run: str) -> list[Any]: ...
    def subscribe(
        self,
        callback: Callable[[list[Any]], None],
        run: str | None = None,
        *,
        what: What | None = None,
    ) -> Callable[[], None]: ...


class LiveView(anywidget.AnyWidget):
    """A view that follows its runs while they happen, and leaves a still picture behind."""

    still = traitlets.Unicode().tag(sync=True)
    """Class of the still picture next to it, which hides while the live one is there."""
    frozen = traitlets.Dict().tag(sync=True)
    """The state at the end of a run, so that a saved notebook can draw it without a kernel."""
    door = traitlets.Unicode().tag(sync=True)
    """How the front end is heard while a cell runs, where the comm is not; see `door`."""

    alive: WeakSet[LiveView] = WeakSet()
    drawing: type[Picture[Any]]
    picture: Picture[Any]
    view: Fold

    def __init_subclass__(
        cls, drawn: str = "", picture: type[Picture[Any]] | None = None, **options: Any
    ) -> None:
        """Say what draws it, a module of nbext/static by name, and of which picture."""
        if drawn:
            cls._esm, cls._css = served(drawn), styles(drawn)
        if picture is not None:
            cls.drawing = picture
        super().__init_subclass__(**options)

    def __init__(self, view: Fold | None = None) -> None:
        self.picture = self.drawing(view)
        self.view = self.picture.view
        self.sent = 0
        self.oldest: float | None = None
        self.streams: dict[str, int] = {}
        self.ended = False
        self.shown = False
        self.display_id = f"agentkit-{uuid.uuid4().hex}"
        """Of the still picture, which is renewed when a run ends."""
        self.mutex = threading.RLock()
        self.timer: asyncio.TimerHandle | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.detachers: list[Callable[[], None]] = []
        name, self.shut = door(lambda content: self.answer(self, content, None))
        super().__init__(still=self.display_id, door=name)
        self.on_msg(self.answer)
        self.alive.add(self)

    def attach(self, subscribe: Subscribe) -> Self:
        """Follow a source of events; it is left again by `detach` or `close`."""
        self.remember_loop()
        self.detachers.append(subscribe(self.receive))
        return self

    def follow(self, log: EventLog, runs: Iterable[str]) -> Self:
        """Show these runs of a log: what is recorded of them, and what is still to come.

        Raises:
            UnknownRun: the log has no run of that id.
        """
        for run in runs:
            recorded = log.read(run)
            self.attach(lambda callback, run=run: log.subscribe(callback, run))  # type: ignore[misc]
            self.receive(recorded)
            self.receive(log.read(run)[len(recorded) :])
        return self

    def detach(self) -> None:
        """Follow nothing any more; what was seen stays."""
        detachers, self.detachers = self.detachers, []
        for remove in detachers:
            remove()

    def close(self) -> None:
        """Detach, and take the widget out of the page."""
        self.detach()
        self.shut()
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        super().close()

    def receive(self, batch: object) -> None:
        """Take an event, a text delta, or a list of them; from any thread."""
        with self.mutex:
            items: Iterable[Any] = batch if isinstance(batch, (list, tuple)) else [batch]
            for item in items:
                if isinstance(item, Delta):
                    self.streams[item.actor] = self.streams.get(item.actor, 0) + len(item.text)
                    continue
                if isinstance(item, ReplyPiece):
                    continue
                self.view.add(item)
                if isinstance(item, (RunStarted, RunEnded)):
                    self.ended = isinstance(item, RunEnded)
            if self.oldest is None:
                self.oldest = time.time()
        self.schedule()

    def remember_loop(self) -> None:
        """Keep the loop that timers run on: that of the thread that shows the widget."""
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:
            pass

    def schedule(self) -> None:
        """Send the changes soon, together with those that come until then."""
        if self.timer is not None:
            return
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        loop = self.loop if self.loop is not None and self.loop.is_running() else here
        if loop is None:
            self.flush()
        elif loop is here:
            self.timer = loop.call_later(BATCH_S, self.flush)
        else:
            loop.call_soon_threadsafe(self.schedule)

    def flush(self) -> None:
        """Send what changed since the last time, and refresh the output when a run ended."""
        with self.mutex:
            self.timer = None
            self.send_changes(self.sent)
            ended, self.ended = self.ended, False
        if ended:
            self.refresh()

    def send_changes(self, since: int) -> None:
        """Send all that changed after a revision."""
        data = self.picture.data(since)
        oldest, self.oldest = self.oldest, None
        streams, self.streams = self.streams, {}
        self.sent = data["rev"]
        message = {"type": "patch", "from": since, "rev": data["rev"], "data": data}
        self.send({**message, "streams": streams, "t": oldest or time.time()})

    def answer(self, _widget: object, content: JSON, _buffers: object) -> None:
        """Answer a front end: `hello` asks for what changed after the revision that it knows."""
        if not isinstance(content, dict):
            return
        with self.mutex:
            if content.get("type") == "hello":
                rev = content.get("rev")
                self.send_changes(rev if isinstance(rev, int) and rev >= 0 else 0)
                return
            reply = self.asked(content)
        if reply is not None:
            self.send({**reply, "req": content.get("req")})

    def asked(self, content: dict[str, JSON]) -> dict[str, JSON] | None:
        """Answer anything else that a front end may ask; None keeps silent."""
        return None

    def freeze(self) -> None:
        """Keep the final state in the widget, when it is not too large."""
        with self.mutex:
            data = self.picture.data()
        if len(json.dumps(data, default=str)) <= FROZEN_BYTES:
            self.frozen = data

    def refresh(self) -> None:
        """Replace the stored picture by the present state."""
        self.freeze()
        if self.shown:
            self.publish(update=True)

    def publish(self, update: bool) -> None:
        """Put the outputs into the notebook, or renew the still one where it stands.

        They are two, because a page shows one form of an output: it would take the live one, and
        show nothing where there is no kernel, and no saved state of widgets.
        """
        if not update:
            live, metadata = super()._repr_mimebundle_() or ({}, {})
            data = {"text/plain": "", **{k: v for k, v in live.items() if k == WIDGET}}
            publish_display_data(data, metadata)  # type: ignore[no-untyped-call]
        with self.mutex:
            still = static_bundle(self.picture)
        still["text/html"] = twin(self.display_id, still["text/html"])
        publish_display_data(  # type: ignore[no-untyped-call]
            still, transient={"display_id": self.display_id}, update=update
        )

    def show(self) -> Self:
        """Display the widget here; its output is refreshed when a run ends."""
        self._ipython_display_()
        return self

    def _ipython_display_(self) -> None:
        self.remember_loop()
        if get_ipython() is None:
            print(for_terminal(str(self.picture)))
            return
        self.shown = True
        self.publish(update=False)

    def _repr_mimebundle_(self, **_options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        with self.mutex:
            still = static_bundle(self.picture)
        live = super()._repr_mimebundle_()
        data, metadata = live if live is not None else ({}, {})
        return {**data, **still}, metadata

    def __repr__(self) -> str:
        count = len(self.view.book.runs)
        return f"{type(self).__name__}({count} {'run' if count == 1 else 'runs'})"


def twin(name: str, picture: str) -> str:
    """A still picture as an output of its own, which hides a live one that cannot be shown.

    In a notebook that is opened again, JupyterLab says of each widget that its model is not found.
    """
    lost = ".jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    rule = f"{lost}:has(+ .jp-OutputArea-child .{name}){{display:none}}"
    return f'<div class="agentkit-still {name}"><style>{rule}</style>{picture}</div>'


def close_all() -> None:
    """Close every live widget; for unloading the extension."""
    for widget in list(LiveView.alive):
        widget.close()
