"""What people see of a view: a picture, HTML, Markdown and plain text of what it folded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from agentkit.events import Event
from agentkit.messages import JSON
from agentkit.pictures.svg import image
from agentkit.views.fold import View
from agentkit.words import fenced, for_terminal

V = TypeVar("V", bound=View)


class Shown(ABC):
    """Something with still forms, so that every front end finds one that it can show.

    Whoever has a picture and a text has all of them.
    """

    @abstractmethod
    def to_svg(self) -> str:
        """A picture without script."""

    @abstractmethod
    def __str__(self) -> str: ...

    def to_html(self) -> str:
        """HTML without script: the picture, to be put into a page."""
        return image(self.to_svg())

    def to_markdown(self) -> str:
        """Markdown: the text as it is."""
        return fenced(str(self))

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return static_bundle(self)


class Picture(Shown, Generic[V]):
    """A view as people see it. It keeps no events of its own: all that it shows the view knows.

    Args:
        view: the view; an empty one of its kind without one.
    """

    of: type[V]
    """The kind of view."""

    def __init__(self, view: V | None = None) -> None:
        self.view: V = view if view is not None else self.of()

    def add(self, event: Event) -> None:
        """Let the view take one event into account, so that `fold` fills a picture too."""
        self.view.add(event)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """What is drawn, as JSON: the view's data, and places where there are some."""
        return self.view.data(since)


def static_bundle(shown: Shown) -> dict[str, str]:
    """Something's still forms by MIME type, for front ends without widgets."""
    return {
        "text/plain": for_terminal(str(shown)),
        "text/markdown": shown.to_markdown(),
        "image/svg+xml": shown.to_svg(),
        "text/html": shown.to_html(),
    }
