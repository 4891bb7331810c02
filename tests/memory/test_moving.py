"""A memory goes into a file and comes back as it was, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentkit import open_log, run
from agentkit.errors import SetupError, StoreError
from memory import BadExport, ReadOnly, StreamMemory, VectorMemory
from memory.stores import Item
from tests.memory.stores.chromaserver import STORES

FACTS: list[dict[str, Any]] = [
    {"port": "Amber", "n": 3, "f": 0.1, "big": 2**62, "yes": True},
    {"when": 1700000000.5, "source": "web"},
    {},
]
TEXTS = ['Zürich "quoted" \\ \u2028 end', "港口\n水深\t8.8 m", "🙂 last\r\nline"]


@pytest.fixture(params=["numpy", "chroma"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    return {"store": request.param, "path": tmp_path / "store", "embedder": "hashed"}


async def filled(kind: dict[str, Any], name: str = "notes") -> VectorMemory:
    made = VectorMemory(name, **kind)
    await made.remember(TEXTS, metadata=FACTS, ids=["a", "b/1", "ä@port.example"])
    return made


async def test_a_round_trip_loses_nothing(kind: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "out" / "notes.jsonl"
    async with run(log=open_log("memory:")):
        made, other = await filled(kind), VectorMemory("other", **kind)
        made.embedder.max_chars = 60
        await made.remember("Amber is deep and wide. " * 9, ids="book")
        items = await made.items()
        assert await made.export(path) == len(items) > 4
        assert path.stat().st_mode & 0o077 == 0 and list(path.parent.iterdir()) == [path]
        done = await other.import_(path)
        assert (done.items, done.replaced, done.refused) == (len(items), 0, ())
        assert await other.items() == items
        again = await other.import_(path)
        assert again.replaced == len(items) and await other.items() == items
        assert [h.text for h in await other.recall("last", k=1)] == [TEXTS[2]]
        assert await other.clear() == len(items) and await other.count() == 0
        assert await made.count() == len(items)
        for one in (made, other):
            await one.close()


async def test_what_is_known_of_a_fact_comes_along(kind: dict[str, Any]) -> None:
    file = io.StringIO()
    async with run(log=open_log("memory:")):
        made, other = VectorMemory("notes", **kind), VectorMemory("other", **kind)
        await made.remember("The depth is 8.8 m.", key="depth", valid_until=2e9)
        await made.remember("The depth is 9.0 m.", key="depth", importance=7)
        await made.export(file)
        file.seek(0)
        await other.import_(file)
        assert await other.items() == await made.items()
        assert await other.history("depth") == await made.history("depth")
        assert len(await other.history("depth")) == 2
        for one in (made, other):
            await one.close()


async def test_open_files_of_any_kind_will_do(tmp_path: Path) -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made = await filled(kind)
        items = await made.items()
        texts, data = io.StringIO(), io.BytesIO()
        await made.export(texts)
        await made.export(data)
        with gzip.open(tmp_path / "n.gz", "wt", encoding="utf-8") as packed:
            await made.export(packed)  # type: ignore[arg-type]
        texts.seek(0)
        data.seek(0)
        with gzip.open(tmp_path / "n.gz") as packed:
            for file in (texts, data, packed):
                other = VectorMemory("other", **kind)
                await other.import_(file)  # type: ignore[arg-type]
                assert await other.items() == items


async def test_scopes_are_kept_apart(kind: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "ana.jsonl"
    async with run(log=open_log("memory:")):
        made = await filled(kind)
        ana, ben = made.scoped(user="ana@port.example"), made.scoped(user="ben")
        await ana.remember("Ana lives here.", ids="a")
        await ben.remember("Ben lives there.", ids="a")
        assert await ana.export(path) == 1 and "Ben" not in path.read_text()
        for wrong in (ben, made):
            with pytest.raises(BadExport, match="of the scope"):
                await wrong.import_(path)
        assert await ana.clear() == 1
        await made.scoped(user="ana@port.example").import_(path)
        assert [one.text for one in await ana.items()] == ["Ana lives here."]
        await ben.import_(path, other_scope=True)
        assert [one.text for one in await ben.items()] == ["Ana lives here."]
        assert await made.count() == 3
        for call in (ana.read_only().clear, ana.read_only().import_):
            with pytest.raises(ReadOnly):
                await call(*([path] if call.__name__ == "import_" else []))  # type: ignore[operator]
        await made.close()


HEAD = '{"agentkit_memory": 1, "memory": "notes", "kind": "vector", "embedder": "x", "items": 2}'
GOOD = '{"id": "g", "text": "Good.", "metadata": {}}'
BAD = [
    "", "x", "[]", "3", '"text"', "null", "{}", '{"id": "b"}', '{"id": "b", "text": ""}',
    '{"id": "", "text": "x"}', '{"id": 3, "text": "x"}', '{"id": "b", "text": 3}',
    '{"id": "b", "text": "x", "metadata": []}', '{"id": "b", "text": "x", "metadata": {"m": [1]}}',
    '{"id": "b", "text": "x", "metadata": {"m": {}}}',
    '{"id": "b", "text": "x", "metadata": {"": 1}}',
    '{"id": "b", "text": "x", "metadata": {"agentkit_n": 1}}', '{"id": "g", "text": "twice"}',
    '{"id": "b", "text": "x", "metadata": {"m": NaN}}', '{"id": "b", "text": "\\ud800"}',
    '{"id": "b", "text": "x", "metadata": {"m": 1e999}}', '{"id": "b", "text": "x"',
    '{"id": "b", "text": "x", "metadata": {"m": 99999999999999999999}}', "[" * 100_000, "9" * 9_000,
    '{"id": "b", "text": "x", "metadata": {"fact_supersedes": "x"}}',
    '{"id": "b", "text": "x", "metadata": {"fact_supersedes": 5}}',
    '{"id": "b", "text": "x", "metadata": {"fact_created": "soon"}}',
    '{"id": "b", "text": "x"}}', '{"id": "b", "text": "x"} {"id": "c", "text": "x"}',
]  # fmt: skip
HEADS = [
    "", "x", "[]", "{}", GOOD, HEAD.replace(": 1,", ": 2,"), HEAD.replace(": 1,", ": true,"),
    HEAD.replace("vector", "stream"), HEAD.replace("2}", '"two"}'), HEAD.replace('"items": 2', "0"),
]  # fmt: skip


@pytest.mark.parametrize("line", BAD)
async def test_a_bad_line_is_told_by_its_number_and_nothing_is_stored(line: str) -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made = await filled(kind)
        before = await made.items()
        text = "\n".join([HEAD, GOOD, line])
        with pytest.raises(BadExport) as told:
            await made.import_(io.StringIO(text))
        assert told.value.line == (3 if line else 2) and "notes" in str(told.value)  # type: ignore[attr-defined]
        assert await made.items() == before
        done = await made.import_(io.StringIO(text), partial=True)
        assert done.items == 1 and len(done.refused) == 1
        assert [one.id for one in await made.items()] == [*(one.id for one in before), "g"]


@pytest.mark.parametrize("head", HEADS)
async def test_what_is_no_export_is_refused(head: str) -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made = VectorMemory("notes", **kind)
        for partial in (False, True):
            with pytest.raises(BadExport) as told:
                await made.import_(io.StringIO(f"{head}\n{GOOD}\n{GOOD}"), partial=partial)
            assert told.value.line in (1, 2)  # type: ignore[attr-defined]
        with pytest.raises(BadExport):
            await made.import_(io.BytesIO(b"\xff\xfe\x00"))
        assert await made.count() == 0


async def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made = await filled(kind)
        with pytest.raises(SetupError, match="cannot be read"):
            await made.import_(tmp_path / "none.jsonl")
        (tmp_path / "file").write_text("x")
        with pytest.raises(SetupError, match="cannot be written"):
            await made.export(tmp_path / "file" / "out.jsonl")
        with pytest.raises(SetupError, match="cannot be written"):
            await made.export(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("way", ["embedder", "store", "cancel"])
async def test_what_fails_halfway_is_taken_back(
    kind: dict[str, Any], way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("BATCH", "AT_ONCE"):
        monkeypatch.setattr(f"memory.storing.{name}", 2)
    path = tmp_path / "n.jsonl"
    async with run(log=open_log("memory:")):
        source = VectorMemory("source", **kind)
        await source.remember([f"New text {n}." for n in range(7)], ids=[f"i{n}" for n in range(7)])
        await source.export(path)
        made = VectorMemory("notes", **kind)
        await made.remember(
            ["Old text 1.", "Old text 5."], ids=["i1", "i5"], metadata={"old": True}
        )
        before, vectors = await made.items(), await made.store.vectors(["i1", "i5"])
        calls, (inner, name) = (
            0,
            ((made.embedder, "embed") if way == "embedder" else (made.store, "put")),
        )
        real = getattr(inner, name)
        task: asyncio.Task[object] | None = None

        async def failing(*args: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 3 and way != "cancel":
                raise OSError("no room")
            if calls == 3:
                assert task is not None
                task.cancel()
            return await real(*args)

        monkeypatch.setattr(inner, name, failing)
        task = asyncio.ensure_future(made.import_(path))
        with pytest.raises(asyncio.CancelledError if way == "cancel" else StoreError):
            await task
        monkeypatch.setattr(inner, name, real)
        assert await made.items() == before
        assert np.array_equal(await made.store.vectors(["i1", "i5"]), vectors)
        assert (await made.import_(path)).items == 7
        await made.close()
        await source.close()


async def test_what_others_wrote_during_an_import_that_failed_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("BATCH", "AT_ONCE"):
        monkeypatch.setattr(f"memory.storing.{name}", 2)
    async with run(log=open_log("memory:")):
        made = VectorMemory("notes", store="numpy", path=":memory:", embedder="hashed")
        ids = [f"i{n}" for n in range(4)]
        await made.remember([f"Text {n}." for n in range(4)], ids=ids)
        await made.export(tmp_path / "n.jsonl")
        await made.remember([f"Old text {n}." for n in range(3)], ids=ids[:3])
        await made.forget("i3")
        real, calls = made.embedder.embed, 0

        async def failing(texts: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                monkeypatch.setattr(made.embedder, "embed", real)
                await made.edit("i0", "Newer text 0.")
                raise OSError("no room")
            return await real(texts)

        monkeypatch.setattr(made.embedder, "embed", failing)
        with pytest.raises(StoreError):
            await made.import_(tmp_path / "n.jsonl")
        held = {one.id: one.text for one in await made.items()}
        assert held == {"i0": "Newer text 0.", "i1": "Old text 1.", "i2": "Old text 2."}
        await made.close()


async def test_a_field_that_looks_like_a_source_removes_nothing() -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made = VectorMemory("notes", **kind)
        await made.remember("I am the web.", ids="web")
        text = json.dumps({"id": "x", "text": "Other.", "metadata": {"source": "web", "part": 0}})
        await made.import_(io.StringIO(HEAD.replace("2}", "1}") + "\n" + text))
        assert [one.id for one in await made.items()] == ["web", "x"]


async def test_a_text_too_long_for_another_embedder_is_cut() -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    async with run(log=open_log("memory:")):
        made, other, file = (
            VectorMemory("notes", **kind),
            VectorMemory("other", **kind),
            io.StringIO(),
        )
        await made.remember("Amber is deep. " * 30, ids="book")
        await made.export(file)
        other.embedder.max_chars = 100
        file.seek(0)
        await other.import_(file)
        assert all(one.id.startswith("book/") for one in await other.items())
        assert await other.forget("book") > 3 and await other.count() == 0


async def test_a_stream_comes_back_with_its_times(tmp_path: Path) -> None:
    def stream(name: str) -> StreamMemory:
        return StreamMemory(name, store="numpy", embedder="hashed", path=":memory:",
                            importance=4.0, clock=lambda: 7.5)  # fmt: skip

    async with run(log=open_log("memory:")):
        made, other = stream("days"), stream("others")
        first = await made.observe("The crane broke.", importance=8)
        await made.add("Things break.", 5.0, "reflection", [first.id])
        await made.export(tmp_path / "s.jsonl")
        await other.import_(tmp_path / "s.jsonl")
        assert await other.records() == await made.records()
        assert (await other.records())[1].because == (first.id,)
        with pytest.raises(BadExport, match="stream memory"):
            await VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:").import_(
                tmp_path / "s.jsonl"
            )
        lines = (tmp_path / "s.jsonl").read_text().replace('"created":7.5', '"created":"soon"')
        with pytest.raises(BadExport) as told:
            await other.import_(io.StringIO(lines))
        assert told.value.line == 2  # type: ignore[attr-defined]
        assert await other.clear() == 2


async def test_a_resumed_import_stores_once_and_any_bytes_are_told(tmp_path: Path) -> None:
    kind = {"store": "numpy", "path": ":memory:", "embedder": "hashed"}
    rng, made = random.Random(5), VectorMemory("notes", **kind)
    async with run(log=open_log("memory:")):
        await made.remember(TEXTS)
        file = io.BytesIO()
        await made.export(file)
        whole = file.getvalue()
        for _ in range(150):
            torn = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                torn[rng.randrange(len(torn))] = rng.randrange(256)
            cut = bytes(torn[: rng.randrange(len(torn))] if rng.random() < 0.3 else torn)
            try:
                await made.import_(io.BytesIO(cut), partial=rng.random() < 0.3)
            except BadExport as error:
                assert error.line >= 1  # type: ignore[attr-defined]
        assert all(isinstance(one, Item) for one in await made.items())


async def test_an_edited_item_is_found_by_its_new_text_and_keeps_the_rest(
    kind: dict[str, Any],
) -> None:
    async with run(log=open_log("memory:")):
        made = VectorMemory("notes", search="hybrid", **kind)
        ana = made.scoped(user="ana")
        await made.remember(["Code Zephyr9.", "Tea at five."], ids=["a", "b"], metadata={"n": 1})
        item = await made.edit("a", "Code Boreas7.")
        assert item.metadata == {"n": 1}
        assert [one.text for one in await made.items()] == ["Code Boreas7.", "Tea at five."]
        assert not [h for h in await made.recall("Zephyr9") if h.parts["words"]]
        assert (await made.recall("boreas7", k=1))[0].item == item
        for id, text in (("c", "x"), ("a", ""), ("a", " \n"), ("a", "x" * 2_000_000)):
            with pytest.raises(SetupError):
                await made.edit(id, text)
        with pytest.raises(SetupError, match="no item"):
            await ana.edit("a", "Mine.")
        with pytest.raises(ReadOnly):
            await made.read_only().edit("a", "x")
        await made.close()


DIES = """
import asyncio, os, sys
from agentkit import open_log, run
from memory import VectorMemory

async def main():
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=sys.argv[1])
    real, calls = made.embedder.embed, []
    async def embed(texts):
        calls.append(texts)
        if len(calls) == 3:
            os.kill(os.getpid(), 9)
        return await real(texts)
    made.embedder.embed = embed
    async with run(log=open_log("memory:")):
        await made.import_(sys.argv[2])

asyncio.run(main())
"""


async def test_a_process_that_is_killed_imports_nothing(tmp_path: Path) -> None:
    def notes() -> VectorMemory:
        return VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)

    async with run(log=open_log("memory:")):
        source = VectorMemory("source", store="numpy", embedder="hashed", path=tmp_path)
        await source.remember([f"Text {n}." for n in range(1600)])
        await source.export(tmp_path / "n.jsonl")
        await source.close()
        words = ["-c", DIES, str(tmp_path), str(tmp_path / "n.jsonl")]
        assert STORES.run(*words, cwd=tmp_path, env=os.environ).returncode == -9
        made = notes()
        assert await made.count() == 0
        assert (await made.import_(tmp_path / "n.jsonl")).items == await made.count() == 1600
        await made.close()


@pytest.mark.parametrize(
    "file", [3, None, b"a.jsonl", object(), [], "a\0b", "\ud800", "", "~nobody-at-all/x"]
)
async def test_what_is_no_file_is_told(file: Any, tmp_path: Path) -> None:
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    for moved in (made.export, made.import_):
        with pytest.raises(SetupError):
            await moved(file)


async def test_a_file_that_is_open_for_something_else_is_told(tmp_path: Path) -> None:
    made = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    path = tmp_path / "a.jsonl"
    await made.export(path)
    with path.open() as reading, pytest.raises(SetupError, match="cannot be written"):
        await made.export(reading)
    with pytest.raises(SetupError, match="cannot be written"):
        await made.export(reading)
    with path.open("a") as writing, pytest.raises(SetupError, match="cannot be read"):
        await made.import_(writing)
