"""A view as a mimebundle: every front end finds a form that it can show."""

from __future__ import annotations

from typing import Protocol

from agentkit.words import for_terminal


class Shown(Protocol):
    """A view with its still forms."""

    def to_svg(self) -> str:
        """A picture without script."""
        ...

    def to_html(self) -> str:
        """HTML without script."""
        ...

    def to_markdown(self) -> str:
        """Markdown."""
        ...


def static_bundle(view: Shown) -> dict[str, str]:
    """The view's still forms by MIME type, for front ends without widgets."""
    return {
        "text/plain": for_terminal(str(view)),
        "text/markdown": view.to_markdown(),
        "image/svg+xml": view.to_svg(),
        "text/html": view.to_html(),
    }
