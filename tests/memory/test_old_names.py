"""What was written against the old names works for one version, and is told the new ones."""

from __future__ import annotations

import pytest

from agentkit import run
from memory import Board, Fabric
from memory.fabrics.channels import Channel, Group
from memory.fabrics.local import Local
from memory.fabrics.transport import Acknowledgement


async def test_a_board_settles_by_reconciling() -> None:
    board = Board("port", "lww", replicas=("north", "south"))
    board.network.partition("north", "south")
    await board.write("quay", 1)
    board.network.heal()
    with pytest.warns(DeprecationWarning, match=r"Board\.settle .* use Board\.reconcile"):
        assert await board.settle() == 1
    assert board.state.value("south", "quay") == 1


class OldTransport(Local):
    """A third party's transport, whose acknowledgement has the old name."""

    acknowledge = property()  # type: ignore[assignment]

    async def settle(
        self, channel: Channel, group: Group, token: str, verdict: Acknowledgement, delay_s: float
    ) -> None:
        await Local.acknowledge(self, channel, group, token, verdict, delay_s)


async def test_a_transport_that_settles_acknowledges() -> None:
    with pytest.warns(DeprecationWarning, match=r"OldTransport\.settle .* use .*\.acknowledge"):
        fabric = Fabric(OldTransport())
    async with run("old transport"):
        jobs = fabric.queue("jobs")
        await jobs.put("unload the Heron")
        taken = await jobs.take()
        assert taken is not None
        await taken.ack()
        assert await jobs.size() == 0
