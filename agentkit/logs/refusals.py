"""Runs that nobody goes on from, whatever the storage."""

from __future__ import annotations

import json

from agentkit.errors import LogCorrupt, LogRedacted


def refuse_altered(run: str, where: str, wrong: str) -> None:
    """Refuse a run that is not as it was recorded.

    Args:
        run: its id.
        where: the log that it is in.
        wrong: what is wrong with it; "" if nothing.

    Raises:
        LogCorrupt: something is.
    """
    if wrong:
        raise LogCorrupt(
            f"Run {run} in {where} is not as it was recorded: {wrong}.",
            expected="what agentkit wrote; nothing is performed on the word of another",
            todo="look with `agentkit log verify` and `agentkit log show`, which reads it all"
            " the same; bring back a copy, or ask anew",
            run_id=run,
        )


def refuse_redacted(run: str, first: str) -> None:
    """Refuse a run whose first event, as it is stored, says that it was redacted.

    Raises:
        LogRedacted: it was.
    """
    if '"redacted":true' in first and json.loads(first).get("redacted"):
        raise LogRedacted(
            f"Run {run} was redacted, or pruned: what was said in it is gone.",
            expected="a run whose words are recorded; this one can be listed and verified",
            todo="ask anew",
            run_id=run,
        )
