"""A real board, as the board view shows it."""

from __future__ import annotations

from agentkit import open_log, run
from agentkit.views import fold
from memory.board.board import Board
from memory.views.replicas import Replicas
from memory.views.shelves import shelves


async def test_a_replica_that_is_cut_off_holds_the_old_value_and_is_behind() -> None:
    log = open_log("memory:")
    board = Board("port", "lww", replicas=("north", "south"), log=log)
    harbour = board.at("north")
    first = await harbour.write("quay", "free")
    board.network.partition("north", "south")
    await harbour.write("quay", "taken")
    north, south = shelves(board.state, board.network)
    assert [one.value for one in north.keys["quay"]] == ["taken"]
    assert [one.value for one in south.keys["quay"]] == ["free"]
    assert (north.behind, south.behind) == (0, 1)
    assert south.state == "cut off from north"
    assert north.keys["quay"][0].based_on == f"v{first.n}"


async def test_concurrent_writes_are_siblings_named_by_their_clocks() -> None:
    log = open_log("memory:")
    board = Board("port", "vector", replicas=("north", "south"), log=log)
    board.network.partition("north", "south")
    async with run("lesson", log=log) as opened:
        await board.at("north").write("quay", 1)
        await board.at("south").write("quay", 2)
        board.network.heal()
        await board.reconcile()
    north, south = shelves(board.state, board.network)
    assert sorted(one.version for one in north.keys["quay"]) == ["north:1", "south:1"]
    assert {one.value for one in south.keys["quay"]} == {1, 2}
    view = fold(Replicas("port"), log.read(opened.id))
    assert {one.topic for one in view.troubles} == {"siblings"}
    view.fill(shelves(board.state))
    assert "pairs of siblings" in view.headline() or "pair of siblings" in view.headline()


async def test_a_lost_update_is_told_and_counted() -> None:
    log = open_log("memory:")
    board = Board("port", "lww", replicas=("north", "south"), log=log)
    board.network.partition("north", "south")
    async with run("lesson", log=log) as opened:
        await board.at("north").write("quay", "ann")
        await board.at("south").write("quay", "bo")
        board.network.heal()
        await board.reconcile()
    view = fold(Replicas("port"), log.read(opened.id))
    view.fill(shelves(board.state), len(board.lost))
    assert "1 lost update" in view.headline()
    [trouble] = view.troubles
    assert trouble.told.startswith("quay: ") and "overwrote it unseen" in trouble.told
    assert f"{board.lost[0]['value']}" in trouble.told
