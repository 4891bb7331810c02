"""What a memory is made of when the user does not say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agentkit import open_log, run
from agentkit.errors import SetupError
from memory import VectorMemory, embedder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the log, which is the home of memories too."""
    monkeypatch.setenv("AGENTKIT_LOG", str(tmp_path / "log.db"))
    return tmp_path


async def test_chroma_beside_the_log_is_the_default_and_lasts(folder: Path) -> None:
    log = open_log()
    async with run(log=log):
        first = VectorMemory("notes", embedder="hashed")
        await first.remember("Amber is deep.", metadata={"port": "Amber"})
        await first.close()
        again = VectorMemory("notes", embedder="hashed")
        hits = await again.recall("deep", where={"port": "Amber"})
        assert await again.recall("deep", where={"port": "Briar"}) == []
        await again.close()
    log.close()
    assert again.store.kind == "chroma" and (folder / "chroma" / "chroma.sqlite3").exists()
    assert [hit.text for hit in hits] == ["Amber is deep."]


async def test_without_chroma_it_is_numpy_and_chroma_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        assert name == "chromadb"

    monkeypatch.setattr("memory.stores.choose.find_spec", missing)
    monkeypatch.setattr("memory.stores.chroma.find_spec", missing)
    made = VectorMemory("notes", embedder="hashed")
    assert made.store.kind == "numpy" and (folder / "memory.db").exists()
    await made.close()
    for given in ("chroma", "http://127.0.0.1:8000"):
        with pytest.raises(SetupError, match="chromadb is not installed") as caught:
            VectorMemory("notes", store=given, embedder="hashed")
        assert "store='numpy'" in str(caught.value)


def test_without_weights_it_is_ngrams_and_says_plainly_what_they_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("memory.embed.minilm.weights", lambda: None)
    assert "not meaning" in repr(embedder())
    made = VectorMemory("notes", store="numpy", path=":memory:")
    assert "not meaning" in repr(made) and "not meaning" in made._repr_markdown_()


def test_a_transient_memory_is_numpy_and_chroma_wants_a_folder(folder: Path) -> None:
    assert VectorMemory("notes", path=":memory:", embedder="hashed").store.kind == "numpy"
    with pytest.raises(SetupError, match="keeps its files in a folder"):
        VectorMemory("notes", store="chroma", path=":memory:", embedder="hashed")
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
@pytest.mark.parametrize("store", ["numpy", "chroma"])
async def test_nobody_else_can_read_what_is_remembered(folder: Path, store: str) -> None:
    before = os.umask(0)
    try:
        async with run(log=open_log("memory:")):
            notes = VectorMemory("notes", embedder="hashed", store=store, path=folder / "new")
            await notes.remember("A patient's secret.")
            found = [folder / "new", *(folder / "new").rglob("*")]
            await notes.close()
    finally:
        os.umask(before)
    assert (found[0].stat().st_mode & 0o077) == 0
    # What Chroma makes later has its own rights; the folder around it lets nobody in.
    kept = [one for one in found[1:] if one.suffix in (".db", ".sqlite3") or one.name == "chroma"]
    assert kept and not [one for one in kept if one.stat().st_mode & 0o077]


def test_a_link_in_place_of_the_home_of_memories_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".agentkit").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("AGENTKIT_LOG", str(tmp_path / ".agentkit" / "log.db"))
    with pytest.raises(SetupError, match="symbolic link"):
        VectorMemory("notes", embedder="hashed")
    assert not list((tmp_path / "elsewhere").iterdir())
