"""What workers are started with and how many; actors of a notebook; tools that need a machine."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Context, pattern, tool
from agentkit.errors import LogUnreachable, SetupError, ToolError
from agentkit.fleet import Fleet, shipping
from agentkit.fleet.commands import main
from agentkit.fleet.engines import EngineLost
from agentkit.fleet.launching import worker_targets
from agentkit.fleet.onray import HEAD, NODE, has_token, preferred
from agentkit.fleet.scaling import Scaling
from agentkit.fleet.sidecar import Sidecar
from agentkit.fleet.targets import loaded
from agentkit.offers import Counts
from agentkit.placing import PLACING, Needs, PlacedCall
from tests.conftest import ROOT

COUNTS = st.builds(Counts, open=st.integers(0, 500), running=st.integers(0, 500))


@given(st.lists(st.tuples(COUNTS, st.floats(0.1, 40)), min_size=1, max_size=30))
def test_workers_suffice_at_once_and_are_fewer_only_after_a_calm_time(
    seen: list[tuple[Counts, float]],
) -> None:
    scaling, now, needs = Scaling(10, 20, calm_s=30.0), 0.0, list[tuple[float, int]]()
    for counts, pause_s in seen:
        now += pause_s
        needs.append((now, min(20, math.ceil((counts.open + counts.running) / 10))))
        slow = max(need for at, need in needs if at > now - 30.0)
        assert scaling.wanted(counts, now) == slow >= needs[-1][1]


def local(word: str) -> Any:
    @pattern
    async def mine(task: str) -> str:
        return f"{word} {task}"

    return mine


async def test_actors_of_a_notebook_come_back_with_what_they_close_over(tmp_path: Path) -> None:
    (target,) = worker_targets([local("hi")], tmp_path, "", False)
    assert Path(target).stat().st_mode & 0o77 == 0 and shipping.is_shipped(target)
    assert worker_targets([local("hi")], tmp_path, "", False)[0].startswith(str(tmp_path))
    (actor,) = loaded(target)
    assert (await actor("a")).text == "hi a"
    assert worker_targets(["a.py:b"], tmp_path, "x:1", False) == ["a.py:b"]


def test_what_was_packed_is_read_with_care(tmp_path: Path) -> None:
    (target,) = worker_targets([local("hi")], tmp_path, "", False)
    data = Path(target).read_bytes()
    other = data.replace(shipping.PYTHON.encode(), b"2.7", 1)
    with pytest.raises(SetupError, match="came from Python 2.7, and this worker runs"):
        shipping.unpacked(other)
    for wrong in (b"", b"{}\n", b"[]\n", b"\xff\n", data[: len(data) // 2]):
        with pytest.raises(SetupError, match="no actors that were packed|cannot be unpacked"):
            shipping.unpacked(wrong)
    Path(target).write_bytes(other)
    with pytest.raises(SetupError, match="is not what was written there"):
        loaded(target)
    with pytest.raises(SetupError, match="cannot be read"):
        loaded(str(tmp_path / "none.actors"))
    missing = json.dumps({"python": shipping.PYTHON, "actors": ["a"]}).encode()
    gone = b"cno_such_module_anywhere\nthing\n."
    with pytest.raises(SetupError, match="No module named"):
        shipping.unpacked(missing + b"\n" + gone)


def test_what_is_open_is_not_taken_along_and_no_cluster_gets_code_unasked(tmp_path: Path) -> None:
    file = (tmp_path / "f").open("w")

    @pattern
    async def holds(task: str) -> str:
        return str(file.fileno())

    with file, pytest.raises(SetupError, match="holds cannot be taken to another process"):
        worker_targets([holds], tmp_path, "", False)
    with pytest.raises(SetupError, match="say ship_code=True where the cluster is yours alone"):
        worker_targets([local("hi")], tmp_path, "ray://head:10001", False)
    assert worker_targets([local("hi")], tmp_path, "ray://head:10001", True)


async def test_a_fleet_serves_a_notebooks_actor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    fleet = await Fleet.up(local("hello"), workers=1, most=2, log=str(tmp_path / "log.db"))
    try:
        runs = await fleet.map(local("hello"), ["x"])
        assert [one.text for one in await runs.all()] == ["hello x"]
    finally:
        await fleet.down()


async def test_a_ray_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"jupyter-agentkit\[ray\]"):
        await Fleet.up("a.py:b", workers=1, ray="local", log=str(tmp_path / "log.db"))
    for address in ("ray://head:10001", "10.0.0.7:6379"):
        with pytest.raises(SetupError, match=r"jupyter-agentkit\[ray\]"):
            await Fleet.connect(address)


def test_a_supervisor_whose_engine_is_lost_ends_without_waiting_for_workers(tmp_path: Path) -> None:
    class Lost:
        closed = False

        def left(self, before: Any) -> list[Any]:
            return []

        def look(self) -> None:
            raise EngineLost("there is no Ray")

        def close(self) -> None:
            Lost.closed = True

    made: Any = Lost
    sidecar = Sidecar(["a.py:b"], "sqlite:///x", workers=1, engine=made, under=tmp_path)
    assert sidecar.serve() == 1 and not sidecar.place.up() and Lost.closed


def test_a_worker_whose_log_is_away_may_be_started_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(url: object) -> None:
        raise LogUnreachable("The log is away.")

    monkeypatch.setattr("agentkit.fleet.commands.open_log", away)
    target = "tests.agentkit.fleet.chaos_team:storing"
    assert main(["worker", target, "--log", "postgresql://nowhere/x"]) == 1
    assert main(["worker", "tests.agentkit.fleet.chaos_team:nobody"]) == 2
    assert "The log is away" in capsys.readouterr().err


async def test_a_tool_that_needs_a_machine_is_placed_where_somebody_places() -> None:
    @tool(effect="once", cpus=2, memory_gb=0.5)
    def work(x: int, y: int = 2) -> int:
        """Work."""
        return x * y

    assert work.needs == Needs(2, None, 0.5) and str(work.needs) == "cpus=2, memory_gb=0.5"
    assert await work.perform({"x": 3}) == 6
    calls: list[PlacedCall] = []

    async def place(call: PlacedCall) -> Any:
        calls.append(call)
        return call.fn(**call.values) + 1

    async def elsewhere() -> Any:
        PLACING.set(place)
        return await work.perform({"x": 3})

    assert await asyncio.create_task(elsewhere()) == 7
    assert [(one.tool, one.again) for one in calls] == [("work", False)]
    plain = tool(effect="pure")(lambda_with_docstring)
    assert plain.needs is None


def lambda_with_docstring(x: int) -> int:
    """Give it back."""
    return x


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, True, "2"])
def test_what_no_machine_has_is_refused_where_a_tool_is_made(wrong: Any) -> None:
    with pytest.raises(ToolError, match="cpus of lambda_with_docstring is"):
        tool(effect="pure", cpus=wrong)(lambda_with_docstring)


def test_a_tool_does_not_need_a_machine_and_the_context_of_an_ask() -> None:
    def work(x: int, context: Context[int]) -> int:
        """Work."""
        return x

    with pytest.raises(ToolError, match="says what machine it needs, and takes a Context"):
        tool(effect="pure", gpus=1)(work)


def test_the_module_of_placed_workers_is_imported_without_ray() -> None:
    code = "import agentkit.fleet.placed, agentkit.fleet.driven, sys; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_token_for_clusters_is_found_where_ray_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert not has_token()
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("secret")
    assert has_token()
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "nowhere")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    assert has_token()


def machine(id: str, *, head: bool = False, alive: bool = True) -> dict[str, object]:
    """As `ray.nodes()` tells of one."""
    return {"NodeID": id, "Alive": alive, "Resources": {"CPU": 1.0} | ({HEAD: 1.0} if head else {})}


def test_workers_go_to_machines_by_turns_and_to_the_head_for_want_of_others() -> None:
    head, old = machine("h", head=True), machine("g", head=True)
    two = [head, machine("b"), machine("c", alive=False), machine("a")]
    places = [preferred(two, turn) for turn in range(4)]
    assert [one["label_selector"][NODE] for one in places] == ["a", "b", "a", "b"]
    assert places[0]["fallback_strategy"] == [
        {"label_selector": {NODE: "!in(h)"}},
        {"label_selector": {}},
    ]
    # A head that was replaced is still listed for some seconds; a client may see none at all.
    both = preferred([old, head, machine("a")], 7)
    assert both["fallback_strategy"][0] == {"label_selector": {NODE: "!in(g,h)"}}
    assert preferred([machine("a")], 0)["fallback_strategy"] == [{"label_selector": {}}]
    for few in ([], [head], [machine("a", alive=False)]):
        assert preferred(few, 3) == {}
