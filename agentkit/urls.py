"""URLs as they may be shown: without what only their reader may know, however they are misspelt."""

from __future__ import annotations

import re

from agentkit.regex import lazy_regex

SECRET = lazy_regex(r"(?i)pass|pwd|\bpw\b|secret|token|key|cred")
"""Names of options whose values are not shown."""

OPTION = lazy_regex(r"([^?&;\s=]+)=([^&;\s]*)")
LOGIN = lazy_regex(r"(?s)^(.*?:(?://)?).*@")

HIDDEN = "•••"


def without_login(url: str) -> str:
    """A text that was given for a URL, without users, passwords and keys.

    Nothing in it is taken for right: all before the last @ may be part of a password.
    """
    return OPTION.sub(_hidden, LOGIN.sub(rf"\g<1>{HIDDEN}@", url))


def _hidden(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"{name}={HIDDEN if SECRET.search(name) else value}"
