"""Updates of Yjs are read, ordered and blanked as its own library has them."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.documents import CrdtDocument, blanked, read, signs
from agentkit.logs.erasing import as_long
from agentkit.logs.packing import FIELD, unpacked
from agentkit.logs.sqlite import SqliteLog
from memory import Board

pycrdt = pytest.importorskip("pycrdt")

SECRET = "Zoë 🦓 lives at 12 Dock Road"


def shown(doc: CrdtDocument, name: str) -> str:
    return "".join(node.sign for node in doc.shown(name))


class Peers:
    """Documents of the library, and ours beside each, which learn of each other's changes late."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.docs = [pycrdt.Doc(client_id=self.rng.randint(1, 2**31)) for _ in range(3)]
        self.ours = [CrdtDocument() for _ in self.docs]
        self.news: list[list[bytes]] = [[] for _ in self.docs]
        self.all: list[bytes] = []

    def change(self, n: int) -> None:
        """Somebody writes: into a text, a list, or a text within a field."""
        doc, rng, made = self.docs[n], self.rng, list[bytes]()
        text, card = doc.get("text:page", type=pycrdt.Text), doc.get("map:card", type=pycrdt.Map)
        some = doc.get("array:list", type=pycrdt.Array)
        watch = doc.observe(lambda event: made.append(event.update))
        with doc.transaction():
            match rng.randrange(6):
                case 0 | 1 | 2:
                    self.edit(text)
                case 3:
                    if "name" in card and rng.random() < 0.7:
                        self.edit(card["name"])
                    else:
                        card["name"] = pycrdt.Text(rng.choice(["Zoë", "🦓"]))
                case 4:
                    card[rng.choice("ab")] = rng.choice(
                        [1, 2.5, True, None, 2**60, {"x": [1, "y"]}]
                    )
                case 5:
                    some.insert(0, rng.choice([pycrdt.Text("in a list"), 7, "said"]))
        doc.unobserve(watch)
        for update in made:
            self.all.append(update)
            self.ours[n].apply(read(update))
            for other in range(len(self.docs)):
                if other != n:
                    self.news[other].append(update)

    def edit(self, text: Any) -> None:
        whole, rng = str(text), self.rng
        at = len(whole[: rng.randint(0, len(whole))].encode())
        if whole and rng.random() < 0.3:
            begin = rng.randrange(len(whole))
            end = rng.randint(begin + 1, len(whole))
            del text[len(whole[:begin].encode()) : len(whole[:end].encode())]
        else:
            text.insert(at, rng.choice(["a", "bc", "ë", "🦓", "x🦓y", SECRET[: rng.randint(1, 9)]]))

    def hear(self, n: int) -> None:
        """Some of what others wrote arrives, after what it builds on."""
        for _ in range(self.rng.randint(0, len(self.news[n]))):
            update = self.news[n].pop(0)
            self.docs[n].apply_update(update)
            self.ours[n].apply(read(update))


@given(seed=st.integers(0, 10**9), moves=st.integers(1, 40))
@settings(deadline=None, max_examples=25)
def test_signs_stand_as_the_library_puts_them(seed: int, moves: int) -> None:
    peers = Peers(seed)
    for _ in range(moves):
        n = peers.rng.randrange(3)
        peers.change(n) if peers.rng.random() < 0.7 else peers.hear(n)
        for doc, ours in zip(peers.docs, peers.ours, strict=True):
            assert shown(ours, "text:page") == str(doc.get("text:page", type=pycrdt.Text))
    for n in range(3):
        while peers.news[n]:
            peers.hear(n)
    assert len({shown(ours, "text:page") for ours in peers.ours}) == 1
    whole = CrdtDocument()
    whole.apply(read(peers.docs[0].get_update()))
    assert shown(whole, "text:page") == shown(peers.ours[0], "text:page")
    card = peers.docs[0].get("map:card", type=pycrdt.Map)
    if "name" in card:
        texts = [
            "".join(node.sign for node in peers.ours[0].shown(one)) for one in peers.ours[0].heads
        ]
        assert str(card["name"]) in texts


@given(seed=st.integers(0, 10**9))
@settings(deadline=None, max_examples=10)
def test_what_is_blanked_leaves_a_document_of_the_same_form(seed: int) -> None:
    peers = Peers(seed)
    for _ in range(25):
        n = peers.rng.randrange(3)
        peers.change(n) if peers.rng.random() < 0.7 else peers.hear(n)
    every = [id for update in peers.all for id, *_ in signs(read(update))]
    marked = {id for id in every if peers.rng.random() < 0.5}
    before, after = pycrdt.Doc(), pycrdt.Doc()
    for update in peers.all:
        made = blanked(update, marked, as_long)
        assert len(made) == len(update)
        assert all(sign == as_long(sign) for id, _, sign in signs(read(made)) if id in marked)
        before.apply_update(update)
        after.apply_update(made)
    one, other = (str(doc.get("text:page", type=pycrdt.Text)) for doc in (before, after))
    assert len(one) == len(other)
    assert all(b in (a, as_long(a)) for a, b in zip(one, other, strict=True))


def test_what_is_no_update_is_told(tmp_path: Path) -> None:
    for data in (b"", b"\xff", b"\x01\x01\x01", b"\x01\x01\x01\x00\x1f\x00", bytes(3)[:1]):
        with pytest.raises((ValueError, IndexError)):
            read(data)


@pytest.mark.parametrize("every", [1, 4])
async def test_a_text_typed_on_replicas_is_erased(tmp_path: Path, every: int) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", replicas=("a", "b"), log=log)
    board.journal.every = 5
    begin, end = "Seen at noon: ", ". It rained."
    async with run(log=log):
        await board.write("page", begin + end)
        await board.write("card", {"who": SECRET[:3], "name": "Ze"})
        for n in [*range(every, len(SECRET), every), len(SECRET)]:
            now = (await board.read("page")).value
            await board.write("page", f"{begin}{SECRET[:n]}{now[now.index(end) :]}")
            there = board.at("b")
            late = (await there.read("page")).value
            await there.write("page", f"{late}!")
            await board.reconcile()
        now = (await board.read("card")).value
        await board.write("card", {**now, "who": SECRET, "name": "Zebra"})
        await board.reconcile()
    held = board._held(board.state)
    assert SECRET in held["b"]["page"] and log.verify() == []
    log.erase([SECRET, "Zebra"])
    for event in log.read("state:port")[1:]:
        value = unpacked(event.value[FIELD]) if FIELD in event.value else event.value["value"]
        docs = [value["update"]] if "update" in value else list(value.get("docs", {}).values())
        for doc in docs:
            left = [sign for *_, sign in signs(read(base64.b64decode(doc)))]
            assert not set("Zë🦓DR") & set(left), left
    async with run(log=log):
        for where in ("a", "b"):
            page = (await board.at(where).read("page")).value
            blank = "".join(map(as_long, SECRET))
            assert page == held["b"]["page"].replace(SECRET, blank)
            assert (await board.at(where).read("card")).value["name"] == "xxxxx"
        await board.write("page", "It goes on.", based_on=())
        await board.reconcile()
    assert board._held(board.journal.rebuild()) == board._held(board.state)
    assert log.verify() == []
    log.close()


async def test_a_write_on_its_way_over_a_snapshot_is_erased_in_it_too(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "one.db")
    board = Board("port", "crdt", replicas=("a", "b"), log=log)
    board.journal.every = 5
    async with run(log=log):
        board.network.partition("a", "b")
        await board.write("page", f"Seen at noon: {SECRET}")
        for n in range(30):  # a snapshot is written while it is not at the other replica yet
            await board.write("other", f"{n}")
        log.erase([SECRET])
        board.network.heal()
        await board.reconcile()
        blank = "".join(map(as_long, SECRET))
        for where in ("a", "b"):
            assert (await board.at(where).read("page")).value == f"Seen at noon: {blank}"
    columns = [
        one
        for event in log.read("state:port")[1:]
        if FIELD in event.value
        for one in unpacked(event.value[FIELD])["versions"].get("update", ())
        if one
    ]
    assert columns, "a snapshot had it on its way"
    texts = ["".join(sign for *_, sign in signs(read(base64.b64decode(one)))) for one in columns]
    assert any(blank in text for text in texts) and not any("Dock" in text for text in texts)
    log.close()
