"""Memories, in one run: python -m benchmarks.memory [--quick] [--write].

What the embedders find again, what a search costs above Chroma's own query, what an import
costs, a thousand writers on a board beside SQLite by hand, and memories at size.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks import table
from benchmarks.fresh import Failed, Figures, best, call
from benchmarks.table import number

HEAVY = ("chromadb", "nats", "numpy", "pycrdt", "tokenizers")

IMPORT = f"""
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
exec(sys.argv[1])
taken = {{"wall_ms": time.perf_counter() - wall, "cpu_ms": time.process_time() - cpu}}
loaded = sum(name in sys.modules for name in {HEAVY})
print(json.dumps({{name: value * 1e3 for name, value in taken.items()}} | {{"heavy": loaded}}))
"""

LONG_S = 1800.0
"""How long a measurement at size may take."""

EMBEDDERS = {"hashed": "hashed n-grams", "minilm": "all-MiniLM-L6-v2 in numpy"}
SETS = {
    "topics": "{} questions in other words about 20 sentences",
    "port": "{} paraphrases of the questions of 3 worlds, sentences of their documents",
    "names": "{} names and numbers out of the tables of 3 worlds",
    "framed": "{} of the same within a sentence",
}
SEARCHES = ("vector", "words", "hybrid")


def light(statement: str) -> Figures:
    """Wall and CPU milliseconds of an import in a new interpreter, and heavy packages loaded.

    Raises:
        Failed: it cannot be imported.
    """
    command = [sys.executable, "-c", IMPORT, statement]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{statement}: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def found_again(sets: Sequence[str]) -> str:
    """The table of what is found first, by each embedder and each search."""
    from memory.embed.minilm import weights

    rows = []
    for name in sets:
        for embedder, spoken in EMBEDDERS.items():
            if embedder == "minilm" and weights() is None:
                rows.append([SETS[name].format(""), spoken, "–", "–", "–", "–"])
                continue
            found = [call("benchmarks.embedders", name, embedder, search) for search in SEARCHES]
            count = int(found[0]["questions"])
            hits = [f"{round(one['hit1'] * count)} · {one['mrr']:.3f}" for one in found]
            cpu = f"{number(found[0]['ms'], 'ms')}, {number(found[2]['ms'], 'ms')}"
            rows.append([SETS[name].format(count), spoken, *hits, cpu])
    head = ["first hit right · MRR", "embedder", "vectors", "words", "hybrid",
            "CPU of a question by vectors, hybrid"]  # fmt: skip
    return table.markdown(head, rows)


def costs(count: int, writers: int, repeats: int) -> str:
    """The table of what a memory costs beside the shortest way to do the same."""

    def of(module: str, function: str, argument: int) -> Figures:
        return best(call(f"benchmarks.{module}", function, str(argument)) for _ in range(repeats))

    imported = best(light("import memory") for _ in range(repeats))
    vector = best(light("from memory import VectorMemory") for _ in range(repeats))
    # A ratio is between figures of one run: of the one that the machine disturbed least.
    runs = [call("benchmarks.query", "query", str(count)) for _ in range(repeats)]
    query = min(runs, key=lambda run: sum(run.values()))
    raw, shared, apart = (of("board", name, writers) for name in ("floor", "shared", "apart"))
    chroma = query["chroma_ms"]
    searched = f"one of {count:,} vectors"
    beside, by_hand = f"Chroma's own query {number(chroma, 'ms')}", number(query["kept_ms"], "ms")
    heavy = f"{', '.join(HEAVY)} loaded"
    rows = [
        row("`import memory`, wall", imported["wall_ms"], f"{imported['heavy']} of {heavy}"),
        row("`from memory import VectorMemory`, wall", vector["wall_ms"], str(vector["heavy"])),
        row(f"search {searched}, wall", query["store_ms"], beside, chroma),
        row("the same as a durable step of a run", query["recall_ms"], beside, chroma),
        row("the same", query["recall_ms"], f"it and a commit by hand {by_hand}", query["kept_ms"]),
        row("the same by an agent before its next step", query["own_ms"], beside, chroma),
        row("the same outside of a run", query["outside_ms"], beside, query["outside_chroma_ms"]),
    ]
    swapped = f"SQLite by hand, one after another {number(1e3 / raw['ms'])}"
    for label, found in (("through one session", shared), ("each a session", apart)):
        told = f"{int(found['lost'])} lost, {int(found['conflicts']):,} conflicts; {swapped}"
        name = f"{writers:,} writers at once, compare-and-swap, {label}: updates a second"
        rows.append([name, number(1e3 / found["ms"]), told, number(raw["ms"] / found["ms"])])
    return table.markdown(["figure", "agentkit", "beside it", "ratio"], rows)


def sizes(count: int, events: int) -> str:
    """The table of what memories cost at size, beside what they cost when little is asked."""

    def of(*words: str) -> Figures:
        return call("benchmarks.sizes", *words, limit_s=LONG_S)

    rows = []
    for kind in ("numpy", "chroma"):
        # A ratio is between figures of one run, see costs().
        one = of("items", kind, str(count))
        put, recall = one["put_ms"], one["recall_ms"]
        of_put = f"the store's own write {number(put, 'ms')}"
        of_recall = f"a recall without it {number(recall, 'ms')}"
        near = f"the store's own search {number(one['near_ms'], 'ms')}"
        rows += [
            row(f"{kind}: {count:,} texts remembered at once", one["remember_ms"], of_put, put),
            row(f"{kind}: a recall of them", recall, near, one["near_ms"]),
            row(
                f"{kind}: the same, a filter that fits a tenth", one["tenth_ms"], of_recall, recall
            ),
            row(f"{kind}: a filter that fits a hundredth", one["hundredth_ms"], of_recall, recall),
            row(f"{kind}: the first recall after a forget", one["after_ms"], of_recall, recall),
        ]
    days = of("stream", str(count))
    rows.append(row(f"memory stream of {count:,}: an observation", days["observe_ms"], ""))
    rows.append(row(f"memory stream of {count:,}: a recall", days["recall_ms"], ""))
    rows.append(row(f"memory stream of {count:,}: its map", days["map_ms"], ""))
    for many, keys in ((events, events), (10 * events, 1), (10 * events, events)):
        one = of("state", str(many), str(keys))
        name = f"a State of {many:,} events over {keys:,} {'key' if keys == 1 else 'keys'}"
        told = f"{number(one['first'])} in the first fifth, {number(one['last'])} in the last"
        rows.append([f"{name}: bytes an event", number(one["last"]), told, ""])
        rows += kept(name, one)
    for consistency in ("lww", "crdt"):
        name = f"a board ({consistency}) of {events:,} keys"
        rows += kept(name, of("board", str(events), consistency))
    one = of("letters", str(events))
    name = f"a queue of {events:,} letters on NATS"
    told = f"the broker's start {number(one['start_ms'], 'ms')}"
    rows.append([f"{name}: bytes to one of content", number(one["share"]), "", ""])
    rows.append([f"{name}: its first letter", number(one["open_ms"], "ms"), told, ""])
    return table.markdown(["figure", "agentkit", "beside it", "ratio"], rows)


def kept(name: str, one: Figures) -> list[list[str]]:
    """Rows of what something takes on disk, and of opening it."""
    told = f"CPU {number(one['open_cpu_ms'], 'ms')}"
    return [
        [f"{name}: bytes to one of content", number(one["share"]), "", ""],
        [f"{name}: opened", number(one["open_ms"], "ms"), told, ""],
    ]


def row(name: str, value: float, beside: str, floor: float | None = None) -> Sequence[str]:
    return [name, number(value, "ms"), beside, number(value / floor if floor else None)]


def measured(repeats: int, *, quick: bool) -> str:
    """Both tables."""
    sizes = (2_000, 50) if quick else (100_000, 1_000)
    sets = ("topics",) if quick else tuple(SETS)
    where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}"
    return f"{where}, smallest of {repeats}.\n\n{found_again(sets)}\n\n{costs(*sizes, repeats)}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options.add_argument("--write", action="store_true", help="put the tables into README.md")
    options.add_argument("--sizes", action="store_true", help="memories at size alone: minutes")
    chosen = options.parse_args()
    if chosen.sizes:
        text = sizes(1_000, 2_000) if chosen.quick else sizes(33_000, 100_000)
        where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}"
        text = f"{where}, one run.\n\n{text}"
        print(text)
        if chosen.write:
            table.put(Path(__file__).with_name("README.md"), "sizes", text)
        return
    text = measured(1 if chosen.quick else 3, quick=chosen.quick)
    print(text)
    if chosen.write:
        table.put(Path(__file__).with_name("README.md"), "memory", text)


if __name__ == "__main__":
    main()
