"""Where short texts still stand after they were erased."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.log import Log
from agentkit.logs.bodies import text_of
from agentkit.messages import canonical


def still_within(log: Log, texts: Sequence[str], *, dry: bool = False) -> list[str]:
    """Where short texts stand beside other words: there they may be parts of words, and are left.

    Cost: reads the whole log, if there are any.

    Args:
        log: after it was erased from.
        texts: those that are short.
        dry: whether nothing was erased, so that nobody knows yet.
    """
    if dry:
        return [f"{text!r} beside other words" for text in texts]
    found: dict[str, dict[str, int]] = {text: {} for text in texts}
    for info in log.runs() if texts else []:
        for event in log.read(info.id):
            words = "\n".join([*(node.message.text for node in event.nodes), text_of(event)])
            for text, places in found.items():
                if text in words or canonical(text)[1:-1] in words:
                    places[info.id] = places.get(info.id, 0) + 1
    return [
        f"{text!r} beside other words, in {sum(places.values())} events of"
        f" {', '.join(places)}: give the whole texts, or redact these runs"
        for text, places in found.items()
        if places
    ]
