"""Foreign words on their way to where they are shown: one function per destination.

What a model, a tool, a memory, a file or a log said is data. Each function here turns it into
what its destination shows as the words that were said, and never into something that acts:

    for_terminal    lines of a terminal, a repr, an error
    for_markdown    an output of a notebook, its tables, code and emphasis kept
    for_line        a cell, a heading or a bold name inside Markdown of ours
    for_html        HTML and SVG, in a text or in an attribute
    for_lines       Markdown that shows lines as they stand
    fenced          Markdown that shows a text letter by letter
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names
from agentkit.words.terminal import for_terminal

if TYPE_CHECKING:
    from agentkit.words.markdown import Growing as Growing
    from agentkit.words.markdown import for_markdown as for_markdown
    from agentkit.words.marks import fenced as fenced
    from agentkit.words.marks import for_line as for_line
    from agentkit.words.marks import for_lines as for_lines
    from agentkit.words.pages import UNREAD as UNREAD
    from agentkit.words.pages import for_html as for_html

__all__ = [
    "UNREAD",
    "Growing",
    "fenced",
    "for_html",
    "for_line",
    "for_lines",
    "for_markdown",
    "for_terminal",
]

HOMES = {
    "UNREAD": "agentkit.words.pages",
    "Growing": "agentkit.words.markdown",
    "fenced": "agentkit.words.marks",
    "for_html": "agentkit.words.pages",
    "for_line": "agentkit.words.marks",
    "for_lines": "agentkit.words.marks",
    "for_markdown": "agentkit.words.markdown",
}
"""What reads Markdown, which nobody needs before something is shown."""

late_names(__name__, HOMES)
