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

from agentkit.words.markdown import Growing, for_markdown
from agentkit.words.marks import fenced, for_line, for_lines
from agentkit.words.pages import UNREAD, for_html
from agentkit.words.terminal import for_terminal

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
