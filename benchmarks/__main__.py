"""Measure agentkit against the floors, in one run: make bench [ARGS="--quick --write"].

Subjects take turns, each measurement is a process of its own, and the smallest of several counts:
the machine's other work only ever adds. Ratios are between figures of the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks import table
from benchmarks.fresh import Figures, best, call, fresh
from benchmarks.mock import serving
from benchmarks.startup import imports
from benchmarks.table import number

HTTPX, AIOHTTP, OURS = "floor:httpx", "floor:aiohttp", "ours"
LABELS = {HTTPX: "httpx", AIOHTTP: "httpx over aiohttp", OURS: "agentkit"}
SIZES = {"turn": 1000, "tool": 500, "crowd": 1000, "fanout": 10, "cold": 1, "calls": 100}
QUICK = {"turn": 100, "tool": 50, "crowd": 100, "fanout": 2, "cold": 1, "calls": 20}
PARTS = ("memory", "fabrics", "fleet")
"""Modules that print tables of their own."""
Best = dict[tuple[str, str], Figures]


def against_floors(base: str, sizes: dict[str, int], repeats: int) -> Best:
    """Every scenario for every subject, turn about."""
    rows: dict[tuple[str, str], list[Figures]] = {}
    for repeat in range(repeats):
        for scenario, n in sizes.items():
            for subject in LABELS:
                # httpx's own pool takes ten seconds for the crowd; once is enough to see it.
                if repeat and (scenario, subject) == ("crowd", HTTPX):
                    continue
                told(f"{scenario}, {LABELS[subject]}, {repeat + 1} of {repeats}")
                arguments = (subject, scenario, "--base", base, "--n", str(n))
                found = fresh("benchmarks.worker", *arguments)
                rows.setdefault((scenario, subject), []).append(found)
    return {key: best(found) for key, found in rows.items()}


def told(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)


def overhead(found: Best) -> str:
    """The table of everything that has a floor."""
    wanted = [
        ("one turn, CPU", "turn", "cpu_us", "µs"),
        ("one tool run (two calls and a tool), CPU", "tool", "cpu_us", "µs"),
        ("function calls per turn", "calls", "calls", ""),
        ("start of the process to the first reply, CPU", "cold", "cpu_ms", "ms"),
        ("memory then", "cold", "rss_mb", "MB"),
        ("{crowd} at once, 50 ms endpoint, wall", "crowd", "wall_ms", "ms"),
        ("peak memory then", "crowd", "peak_mb", "MB"),
        ("failed of them", "crowd", "failed", ""),
        (
            "planner, 8 workers, reducer (150 ms are the endpoint's), wall",
            "fanout",
            "wall_ms",
            "ms",
        ),
    ]
    rows = []
    for label, scenario, figure, unit in wanted:
        values = [found[scenario, subject][figure] for subject in LABELS]
        ratios = [number(values[2] / floor) if floor else "–" for floor in values[:2]]
        rows.append([label, *(number(value, unit) for value in values), *ratios])
    head = ["figure", *LABELS.values(), "to httpx", "to httpx over aiohttp"]
    return table.markdown(head, rows)


def repeated(repeats: int, one: Callable[[], Figures]) -> Figures:
    return best(one() for _ in range(repeats))


def alone(base: str, quick: bool, repeats: int) -> list[list[str]]:
    """Rows of what has no common floor: name, figure, and what it is to be compared with."""
    scale = 20 if quick else 1
    count = 10_000 // scale

    def of(module: str, function: str, *arguments: str) -> Figures:
        told(f"{module}, {function} {' '.join(arguments)}")
        return repeated(repeats, lambda: call(f"benchmarks.{module}", function, *arguments))

    bare = repeated(repeats, lambda: imports("import httpx"))["cpu_ms"]
    ours = repeated(repeats, lambda: imports("import agentkit"))["cpu_ms"]
    raw = of("durable", "floor", str(20_000 // scale))
    many = of("durable", "events", str(20_000 // scale), "100")
    single = of("durable", "events", str(2_000 // scale), "1")
    turns = of("durable", "history", "100", base)
    steps, asks = (of("resume", how, str(count)) for how in ("steps", "asks"))
    loaded = of("startup", "extension") if has_extension() else {}
    first = of("startup", "first_answer")
    return [
        ["`import agentkit`, CPU", number(ours, "ms"), f"`import httpx` {number(bare, 'ms')}"],
        ["`%load_ext nbext`, new kernel, wall", number(loaded.get("wall_ms"), "ms"), ""],
        [
            "first answer of the simulated endpoint, new kernel, wall",
            number(first["wall_ms"], "ms"),
            "",
        ],
        [
            "durable events a second, a hundred to a commit",
            number(1e3 / many["wall_ms"]),
            f"rows straight into SQLite {number(1e3 / raw['wall_ms'])}",
        ],
        ["one of them, wall", number(many["wall_ms"], "ms"), f"SQLite {number(raw['wall_ms'])} ms"],
        ["one event committed alone, wall", number(single["wall_ms"], "ms"), ""],
        ["one event on disk", number(many["bytes"], "bytes"), ""],
        [
            "100 turns, a history that grows by 1 kB in each, on disk",
            number(turns["mb"], "MB"),
            f"{number(turns['beside_content'], 'bytes')} a turn beside its 1 kB",
        ],
        ["of that, second half to first half", number(turns["second_half"]), "1: linear"],
        ["written to the disk meanwhile", number(turns["written_mb"], "MB"), ""],
        [f"resume a run of {count:,} steps, wall", number(steps["wall_s"], "s"), ""],
        [f"the same, an agent asked {count:,} times", number(asks["wall_s"], "s"), ""],
    ]


def widgets(messages: int) -> str:
    """The table of benchmarks.widgets, or why there is none."""
    told("widgets in JupyterLab")
    command = [sys.executable, "-m", "benchmarks.widgets", str(messages)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return f"Widgets were not measured: {done.stderr.strip().splitlines()[-1]}"
    head = ["widget", "frames a second", "event to painted, p50", "p95", "messages drawn"]
    head += ["kernel, kB per agent", "page, kB per agent"]
    rows = []
    for line in done.stdout.splitlines():
        found = json.loads(line)
        lags = [number(found[f"painted_{part}_ms"], "ms") for part in ("p50", "p95")]
        row = [found["case"], number(found["frames_per_s"]), *lags]
        if "messages_drawn_and_logged" in found:
            row.append(found["messages_drawn_and_logged"])
            row += [number(found[f"{part}_kb_per_agent"]) for part in ("kernel", "page")]
        rows.append([*row, *[""] * (len(head) - len(row))])
    return table.markdown(head, rows)


def part(module: str, quick: bool) -> str | None:
    """The tables of another module; None, and why is told, where there are none."""
    told(module)
    command = [sys.executable, "-m", module, *(["--quick"] if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        print(f"{module} was not measured: {last}\n", flush=True)
        return None
    return done.stdout.strip()


def has_extension() -> bool:
    try:
        import nbext
    except ImportError:
        return False
    return hasattr(nbext, "load_ipython_extension")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--write", action="store_true", help="put the tables into README.md")
    chosen = options.parse_args()
    repeats = 1 if chosen.quick else chosen.repeats
    sizes = QUICK if chosen.quick else SIZES
    with serving() as base:
        floors = overhead(against_floors(base, sizes, repeats)).format(crowd=f"{sizes['crowd']:,}")
        rows = alone(base, chosen.quick, min(repeats, 3))
    painted = widgets(1_000 if chosen.quick else 10_000)
    parts = {name: part(f"benchmarks.{name}", chosen.quick) for name in PARTS}
    told("")
    where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}"
    head = ["figure", "agentkit", "beside it"]
    tables = [floors, table.markdown(head, rows), painted]
    text = f"{where}, smallest of {repeats}.\n\n" + "\n\n".join(tables)
    for name, found in {"results": text, **parts}.items():
        if found is None:
            continue  # and what was measured before stays
        print(f"{found}\n")
        if chosen.write:
            table.put(Path(__file__).with_name("README.md"), name, found)


if __name__ == "__main__":
    main()
