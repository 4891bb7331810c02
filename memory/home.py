"""Where memories are kept: beside the log."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT = Path(".agentkit")


def home() -> Path:
    """The folder of the log, where $AGENTKIT_LOG names a file, else `.agentkit` here."""
    url = os.environ.get("AGENTKIT_LOG", "")
    if url.startswith("sqlite:///"):
        url = url.removeprefix("sqlite:///").partition("?")[0]
    if not url or "://" in url or url.startswith(("memory:", ":memory:")):
        return DEFAULT
    return Path(url).parent
