"""Many runs on many machines: whoever may act is decided by the log, with leases and epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.fleet.batch import Batch as Batch
    from agentkit.fleet.fleet import Fleet as Fleet
    from agentkit.fleet.worker import Worker as Worker

__all__ = ["Batch", "Fleet", "Worker"]

HOMES = {
    "Batch": "agentkit.fleet.batch",
    "Fleet": "agentkit.fleet.fleet",
    "Worker": "agentkit.fleet.worker",
}
late_names(__name__, HOMES)
