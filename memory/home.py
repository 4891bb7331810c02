"""Where memories are kept: next to the log."""

from __future__ import annotations

import os
from pathlib import Path

from agentkit.logs import files


def log_folder() -> Path:
    """The folder of the log: of the file that $AGENTKIT_LOG names, else this process's `.agentkit`.

    Raises:
        SetupError: that is a link to another folder.
    """
    url = os.environ.get("AGENTKIT_LOG", "")
    if url.startswith("sqlite:///"):
        url = url.removeprefix("sqlite:///").partition("?")[0]
    if not url or "://" in url or url.startswith(("memory:", ":memory:")):
        folder = files.folder()
    else:
        folder = Path(files.home(), os.path.expanduser(url)).parent
    files.refuse_links(folder / "memories")
    return folder
