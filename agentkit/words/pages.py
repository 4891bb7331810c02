"""Words for HTML and SVG."""

from __future__ import annotations

from html import escape

from agentkit.regex import lazy_regex
from agentkit.words.terminal import written

UNREAD = "mathjax_ignore tex2jax_ignore"
"""Classes of an element in which a front end looks for no mathematics between two dollars."""

# What XML 1.0 does not allow (section 2.2), the other controls, and what turns or hides the text
# after it. Joiners and the marks of a direction stay: whole scripts are written with them.
UNSHOWN = lazy_regex(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text, its lines ended by `\n`; what a page would not show is written as JSON does."""
    return UNSHOWN.sub(written, text.replace("\r\n", "\n").replace("\r", "\n"))


def for_html(text: str) -> str:
    """The words as HTML or SVG, in an element or in a quoted attribute.

    Mathematics is read between two dollars of an element by many front ends, and no escape
    holds it back in all of them: give what holds these words the class UNREAD.
    """
    return escape(visible(text), quote=True)
