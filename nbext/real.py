"""A real model for the lessons: the one that the reader chose, or the words that one once said."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agentkit.endpoints.connect import connect
from agentkit.log import Log
from agentkit.machine import in_page
from agentkit.model import Model, OnText, Reply, Request
from agentkit.testing.recorded import NotRecorded, RecordedModel
from agentkit.testing.recordings import About, load
from agentkit.words import for_terminal

SETTING = "AGENTKIT_MODEL"
SUGGESTED = "local:smollm2-135m"
HOW = f"pip install 'jupyter-agentkit[local]', then %endpoint {SUGGESTED}"


class LessonRecording(RecordedModel):
    """A recorded model of a lesson: asked anything else, it says how to ask a real one."""

    recording: Log
    """That its words are from, with the times of then."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Reply what was recorded; see RecordedModel."""
        try:
            return await super().__call__(request, on_text)
        except NotRecorded as error:
            error.todo = f"run this section as it is stored, or ask a real model: {HOW}"
            raise


def real_model(recording: str | Path, **options: Any) -> Model:
    """The model for a lesson's section with a real one; it says which one that is.

    It is the one that $AGENTKIT_MODEL or %endpoint names, unless that is simulated: then, and where
    what runs a local model is not installed, it is the recorded one.

    Args:
        recording: a file of JSON lines, as scripts/record-lessons writes it.
        options: for `connect`, where a real model is asked.

    Raises:
        SetupError: there is no such file, or no such model. LogCorrupt: the file was altered.
    """
    name = os.environ.get(SETTING, "").strip()
    missing = name.startswith("local:") and find_spec("xllamacpp") is None
    if name and not name.startswith("sim:") and not missing:
        print(for_terminal(f"Asked now: {name}. Its words are its own, and differ from the text."))
        return connect(name, **options)
    found = load(unpacked(Path(recording)))
    print(for_terminal(told(found.about, missing)))
    made = LessonRecording(found.log, name=found.about.model)
    made.recording = found.log
    return made


def timed(model: Model, run: str, log: Log) -> Any:
    """What the calls of a lesson's real model took, as `log.frame("calls")` tells it.

    Where its words are replayed, which takes no time, it is what they took when they were recorded.

    Args:
        model: of `real_model`.
        run: the id of the run in which it was asked just now.
        log: that has the run.
    """
    if isinstance(model, LessonRecording):
        return model.recording.frame("calls")
    return log.frame("calls", run)


def unpacked(recording: Path) -> Path:
    """Where a recording is: beside the kernel in a page, else where it says.

    A page's drive gives files of JSON lines as if they were one JSON, that is, not at all; so what
    loads Pyodide there unpacks them into the kernel's own folder (`lite/boot.mjs`).
    """
    own = Path.home() / recording
    return own if in_page() and own.exists() else recording


def told(about: About, missing: bool) -> str:
    """Whose words are replayed, and how to hear others."""
    why = "What runs local models is not installed here. " if missing else ""
    return (
        f"{why}Recorded on {about.made} with {about.whose}; replayed, nothing is asked.\n"
        f"To ask it yourself: {HOW}."
    )
