"""A text that was typed piece by piece is erased, though no event ever had it whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.sqlite import SqliteLog
from memory import Board
from memory.board.writing import NOTHING_READ, Draft, decision

SECRET = "Zoë 🦓 lives at 12 Dock Road"


async def typed(board: Board, key: str, texts: list[str]) -> None:
    """Write the states of a text one after another, without the steps, which have them whole."""
    for text in texts:
        held = board.state.held["main"].get(key, ())
        known = (board.state.value("main", key),) if held else NOTHING_READ
        draft = Draft("main", key, text, "you", tuple(one.n for one in held), known)
        await board.journal.append("", decision(board, draft))


def pieces(path: Path) -> str:
    """All texts of the stream's events, one after another, and what the snapshots hold."""
    from agentkit.logs.packing import FIELD, unpacked

    log = SqliteLog(path)
    try:
        told = [one.value for one in log.read("state:port")[1:]]
    finally:
        log.close()
    return str([unpacked(one[FIELD]) if FIELD in one else one for one in told])


@pytest.mark.parametrize("every", [1, 3, 7])
async def test_what_is_typed_goes_from_changes_and_snapshots(tmp_path: Path, every: int) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", log=log)
    board.journal.every = 5
    begin, end = "Seen at noon: ", ". It rained."
    cuts = [*range(0, len(SECRET), every), len(SECRET)]
    await typed(board, "page", [begin + end, *(begin + SECRET[:n] + end for n in cuts)])
    await typed(board, "page", [f"{begin}{SECRET}{end} It is dry.", begin + end + " It is dry."])
    assert "Seen at noon" in pieces(tmp_path / "one.db")
    before = board.journal.seq
    done = log.erase([SECRET])
    assert done.events > 2 and log.verify() == []
    left = pieces(tmp_path / "one.db")
    for gone in ("Zoë", "lives", "Dock", "Road", "🦓", SECRET[4:9], SECRET[15:20]):
        assert gone not in left
    assert "Seen at noon: " in left and "It is dry." in left
    assert board.journal.at(before).value("main", "page") == f"{begin}{end} It is dry."
    async with run(log=log):
        await board.read("page")
        await board.write("page", "It goes on.")
    assert board.journal.rebuild().value("main", "page") == "It goes on."
    log.close()


@given(
    start=st.text("abc ", max_size=12),
    moves=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.text("xyz", max_size=4)),
                   max_size=12),
    at=st.integers(0, 30), seed=st.integers(0, 99),
)  # fmt: skip
@settings(deadline=None, max_examples=12)
async def test_however_it_was_typed_nothing_is_left_and_all_else_stays(
    tmp_path_factory: pytest.TempPathFactory, start: str,
    moves: list[tuple[int, int, str]], at: int, seed: int,
) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("typed") / "one.db"
    log, rng = SqliteLog(path), random.Random(seed)
    board = Board("port", "crdt", log=log)
    board.journal.every = 4
    texts, now, typing, place = [start], start, SECRET, min(at, len(start))
    for where, gone, new in moves:
        # Somebody types the secret at its place; others change what is before and after it.
        n = rng.randint(0, len(typing))
        now, place, typing = now[:place] + typing[:n] + now[place:], place + n, typing[n:]
        texts.append(now)
        free = place - (len(SECRET) - len(typing))
        if where < free:
            cut = min(gone, free - where)
            now = now[:where] + new + now[where + cut :]
            place += len(new) - cut
        else:
            tail = min(place + where, len(now))
            now = now[:tail] + new + now[tail + gone :] if tail > place else now
        texts.append(now)
    texts.append(now[:place] + typing + now[place:])
    await typed(board, "page", texts)
    assert SECRET in board.state.value("main", "page")
    whole = board.state.value("main", "page")
    log.erase([SECRET])
    left = pieces(path)
    assert not any(sign in left for sign in ("Z", "ë", "🦓", "lives", "D", "R"))
    now_ = board.journal.at(board.journal.last()).value("main", "page")
    begin = whole.index(SECRET)
    assert (
        now_[:begin] == whole[:begin]
        and now_[begin + len(SECRET) :] == whole[begin + len(SECRET) :]
    )
    assert len(now_) == len(whole) and log.verify() == []
    log.close()


async def test_a_redacted_run_leaves_nothing_of_what_it_typed_into_a_shared_text(
    tmp_path: Path,
) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", log=log)
    board.journal.every = 5
    async with run(log=log):
        await board.write("page", "The quay is long. It rains.")
    async with run(log=log) as mine:
        for n in range(1, 8):
            now = (await board.read("page")).value
            await board.write("page", f"{now[: 17 + n - 1]}{'ZUWXYVQ'[n - 1]}{now[17 + n - 1 :]}")
    async with run(log=log):
        now = (await board.read("page")).value
        await board.write("page", f"{now} It is dry.")
    log.redact([mine.id])
    left = pieces(tmp_path / "one.db")
    assert not any(sign in left for sign in "ZUWXYVQ")
    async with run(log=log):
        assert (await board.read("page")).value == "The quay is long.xxxxxxx It rains. It is dry."
    assert log.verify() == []
    log.close()
