"""Each benchmark runs at a tiny size and measures something; nothing here is timed."""

import math

import pytest

from benchmarks import memory, table
from benchmarks.fabrics import below, by_queue, highest, opened
from benchmarks.fresh import Failed, call, fresh
from benchmarks.mock import serving
from benchmarks.reliability import breaking, limiter, overhead, storm
from benchmarks.startup import imports
from memory.embed.minilm import weights

pytestmark = pytest.mark.timeout(120)

SIZES = {"turn": 5, "tool": 5, "calls": 2, "crowd": 5, "fanout": 1, "cold": 1}


@pytest.mark.parametrize("subject", ["floor:httpx", "floor:aiohttp", "ours"])
def test_every_scenario_of_a_subject_gives_figures(subject):
    names = SIZES if subject == "ours" else ("turn", "crowd")  # the floors are a page each
    with serving() as base:
        for scenario, n in [(name, SIZES[name]) for name in names]:
            found = fresh("benchmarks.worker", subject, scenario, "--base", base, "--n", str(n))
            assert found, scenario
            assert all(math.isfinite(value) for value in found.values()), scenario
            assert found.get("failed", 0) == 0, scenario


@pytest.mark.parametrize(
    "measure",
    [
        ("durable", "floor", "100"),
        ("durable", "events", "100", "10"),
        ("resume", "steps", "20"),
        ("resume", "asks", "5"),
        ("query", "query", "50", "20"),
        ("protocols", "measured", "servers", "2", "1"),
        ("embedders", "topics", "hashed"),
        ("embedders", "port", "hashed"),
    ],
    ids=lambda measure: ".".join(measure[:2]),
)
def test_every_other_measurement_gives_positive_figures(measure):
    module, *rest = measure
    found = call(f"benchmarks.{module}", *rest)
    assert found
    assert all(value > 0 for value in found.values())


@pytest.mark.parametrize("way", ["floor", "shared", "apart"])
def test_of_writers_at_once_no_update_is_lost(way):
    found = call("benchmarks.board", way, "20")
    assert found["ms"] > 0 and found["lost"] == 0


def test_the_table_of_a_memorys_costs_is_made_of_what_is_measured(monkeypatch):
    def small(module, function, *arguments):
        few = ("20",) if module == "benchmarks.query" else ()
        return call(module, function, *arguments, *few)

    monkeypatch.setattr(memory, "call", small)
    made = memory.costs(50, 5, 1).splitlines()
    assert len({line.count("|") for line in made}) == 1
    assert [line for line in made if "outside of a run" in line and "Chroma" in line]
    assert [line for line in made if "each a session" in line and "0 lost" in line]


@pytest.mark.skipif(weights() is None, reason="MiniLM's weights are not here")
def test_minilm_finds_what_is_asked_in_other_words_and_ngrams_do_not():
    assert call("benchmarks.embedders", "topics", "minilm")["mrr"] >= 0.85
    assert call("benchmarks.embedders", "topics", "hashed")["mrr"] < 0.7


@pytest.mark.parametrize("subject", ["topics", "port", "names"])
def test_hybrid_search_finds_at_least_what_the_better_of_its_two_ways_finds(subject):
    import asyncio

    from benchmarks import embedders

    def part(texts, asked):
        """Of the first world, to be quick; the benchmark takes five whole ones."""
        return texts[:40], [(question, right) for question, right in asked if max(right) < 40][:30]

    given = {
        "topics": (embedders.SENTENCES, [(q, {n}) for q, n in embedders.QUESTIONS]),
        "port": part(*embedders.documents(0)),
        "names": part(*embedders.tables(0)),
    }[subject]
    for embedder in ("hashed", *(["minilm"] if weights() else [])):
        mrr = {
            search: asyncio.run(embedders.found_again(embedder, search, [given]))["mrr"]
            for search in ("vector", "words", "hybrid")
        }
        assert mrr["hybrid"] >= max(mrr["vector"], mrr["words"]) - 1e-9, (embedder, mrr)


def test_letters_are_counted_by_the_second():
    assert highest(1, by_queue) > 0
    assert highest(1, opened("local", lambda fabric: below(fabric, 64))) > 0


def test_importing_memory_loads_nothing_heavy():
    assert memory.light("import memory")["heavy"] == 0
    assert memory.light("import numpy")["heavy"] == 1


def test_an_import_takes_time_and_a_missing_one_is_told():
    assert imports("import agentkit")["cpu_ms"] > 0
    with pytest.raises(Failed, match="No module"):
        imports("import nothing_called_so")


def test_a_conversation_takes_at_least_the_bytes_said_in_it():
    with serving() as base:
        found = call("benchmarks.durable", "history", "40", base)
    assert found["mb"] * 1e6 > 40 * 1000


def test_a_measurement_that_fails_is_told_and_not_counted():
    with pytest.raises(Failed, match="no such subject|No module"):
        fresh("benchmarks.worker", "nobody", "turn", "--base", "http://127.0.0.1:9")


def test_the_tables_go_into_their_place_and_nothing_else_changes(tmp_path):
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    table.put(file, "results", table.markdown(["figure", "us"], [["turn", "1"]]))
    text = file.read_text()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "| turn | 1 |" in text and "old" not in text


def test_the_mechanisms_around_an_endpoint_are_measured() -> None:
    rows = [row for part in (limiter, breaking, storm, overhead) for row in part(True)]
    assert len(rows) == 10 and all(value for _, value in rows)
    assert rows[3] == ["failures until the breaker opens (stated: 5)", "5"]
