"""What a kernel tells a front end of its runs, and the orders that it takes."""

from __future__ import annotations

import ast
import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from agentkit.events import Calling, Delta, Partial, Ref, ReplyPiece, RunStarted, Thought
from agentkit.sim.server import Server
from nbext.panel.news import News
from nbext.panel.recall import quoted
from nbext.panel.rows import RunRows
from nbext.panel.turns import QUICK_S, USUAL_S, ShortTurns
from tests.nbext.conftest import kernel
from tests.nbext.notebook import WAIT_S, Cell, Notebook
from tests.nbext.test_notebooks_apart import run_cell

ASK = "%%ask clerk\nWhat are the dues for 30 t in Amber?"
SLOW = """
import asyncio
from agentkit import pattern
@pattern
async def slow(task):
    await asyncio.sleep(60)
    return "done"
"""
PERSON = """
from agentkit import current_run, pattern
from agentkit.person import Question
@pattern
async def keeper(task):
    asked = Question(text="Open the <b>gate</b>?", options=("yes", "no"))
    return await current_run().ask_person(asked)
"""

CALLS = """
from agentkit import Agent, tool
@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    'Harbour dues in EUR for a ship of so many tonnes in a port.'
    return 79.2
teller = Agent("teller", "Use your tools.", tools=[tariff])
print("79.2" if "79.2" in (await teller("What are the dues for 30 t in Amber?")).text else "no")
"""


class Front:
    """A front end of a kernel: its comms, and what came on them."""

    def __init__(self, one: Notebook, **data: Any) -> None:
        self.one, self.news = one, list[dict[str, Any]]()
        self.rows: dict[str, dict[str, Any]] = {}
        self.send("comm_open", comm_id="news", target_name="agentkit.news", data=data)
        self.send("comm_open", comm_id="orders", target_name="agentkit.orders", data={})
        self.until(lambda: bool(self.news))

    def send(self, kind: str, **content: Any) -> None:
        message = self.one.client.session.msg(kind, content)
        self.one.client.shell_channel.send(message)

    def take(self) -> dict[str, Any]:
        message = self.one.client.get_iopub_msg(timeout=WAIT_S)
        content = message["content"]
        if message["msg_type"] == "comm_msg" and content["comm_id"] == "news":
            self.news.append(content["data"])
            self.rows.update({row["id"]: row for row in content["data"]["runs"]})
        return dict(message)

    def until(self, holds: Callable[[], bool]) -> None:
        """Take what comes until something holds."""
        end = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < end, self.news
            self.take()

    def order(self, **order: Any) -> dict[str, Any]:
        """Give an order; the reply."""
        self.send("comm_msg", comm_id="orders", data={**order, "req": "1"})
        while True:
            message = self.take()
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == "orders":
                return dict(content["data"])


@pytest.fixture(scope="module")
def one(sim: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with kernel(tmp_path_factory.mktemp("panel"), sim) as found:
        found.ok("%load_ext nbext")
        found.ok("%%agent clerk\nYou answer.")
        found.ok(SLOW)
        found.ok(PERSON)
        found.ok(ASK)
        yield found


@pytest.fixture(scope="module")
def front(one: Notebook) -> Front:
    return Front(one)


def start(one: Notebook, code: str) -> None:
    one.client.execute(code)


def running(front: Front, actor: str, state: str) -> str | None:
    found = [r["id"] for r in front.rows.values() if r["actor"] == actor and r["state"] == state]
    return found[0] if found else None


def test_the_kernel_says_that_it_has_agentkit_without_opening_a_comm(one: Notebook) -> None:
    reply = one.client.comm_info("agentkit.kernel", reply=True, timeout=WAIT_S)
    assert len(reply["content"]["comms"]) == 1


def test_who_comes_late_is_told_of_earlier_runs_and_of_the_actors(front: Front) -> None:
    first = front.news[0]
    assert first["whole"] and first["protocol"] == 1
    [row] = [row for row in first["runs"] if row["actor"] == "clerk"]
    assert row["state"] == "done" and row["calls"] == 1 and row["tokens"] > 0
    assert first["today"]["tokens"] == row["tokens"] and first["today"]["runs"] == 1
    assert {one["name"] for one in first["actors"]} == {"clerk", "slow", "keeper"}


def test_a_run_is_shown_while_it_goes_on_and_can_be_stopped(one: Notebook, front: Front) -> None:
    start(one, "%ask slow hello")
    front.until(lambda: running(front, "slow", "running") is not None)
    run = running(front, "slow", "running")
    assert front.order(do="stop", run=run) == {"stopped": True, "req": "1"}
    front.until(lambda: running(front, "slow", "cancelled") == run)
    assert front.order(do="stop", run=run)["stopped"] is False


def test_nothing_of_a_reply_that_streams_is_taken_for_an_event() -> None:
    whose = {"run": "r", "scope": "s", "key": "k", "actor": "clerk"}
    news = News(cast(Any, None), None)
    pieces = [
        Delta(**whose, text="a"),
        Thought(**whose, text="a"),
        Calling(**whose, name="tariff", arguments="{"),
        Partial(**whose, data=None),
    ]
    assert {type(one) for one in pieces} == {*kinds(ReplyPiece)}
    for one in pieces:
        news.take([one])
    assert news.rows.changes() == []


def kinds(of: type[Any]) -> list[type[Any]]:
    return [one for one in of.__subclasses__() if one.__module__ == of.__module__]


def test_an_ask_that_calls_a_tool_is_followed_without_a_word(one: Notebook, front: Front) -> None:
    cell = one.ok(CALLS)
    assert cell.stream == "79.2\n"
    front.until(lambda: running(front, "teller", "done") is not None)


def test_a_question_is_told_and_answered(one: Notebook, front: Front) -> None:
    start(one, "%ask keeper -> said May I?")
    front.until(lambda: any(news.get("questions") for news in front.news))
    [question] = next(news["questions"] for news in reversed(front.news) if news.get("questions"))
    assert question["text"] == "Open the <b>gate</b>?" and question["options"] == ["yes", "no"]
    front.until(lambda: running(front, "keeper", "waiting") == question["run"])
    order = {"do": "hear", "question": question["id"]}
    order["content"] = {"type": "answer", "text": "yes"}
    front.send("comm_msg", comm_id="orders", data=order)
    front.until(lambda: running(front, "keeper", "done") == question["run"])
    front.until(
        lambda: front.news[-1].get("questions") == [] or not front.news[-1].get("questions")
    )
    assert one.ok("print(said.text)").stream == "yes\n"


@pytest.mark.parametrize("name", ["graph", "timeline", "bill", "transcript", "events"])
def test_a_run_is_shown_in_every_way(front: Front, name: str) -> None:
    run = running(front, "clerk", "done")
    shown = front.order(do="view", run=run, name=name)
    assert shown["rev"] > 0 and shown["type"] == ("patch" if "data" in shown else "lines")
    assert "dues for 30 t" in str(shown) or name in ("graph", "timeline", "bill")


def test_a_picture_is_asked_for_its_messages(front: Front) -> None:
    run = running(front, "clerk", "done")
    nodes = front.order(do="view", run=run, name="graph")["data"]["nodes"]
    content = {"type": "page", "name": nodes[0]["id"]}
    page = front.order(do="ask", run=run, name="graph", content=content)
    assert page["total"] >= 1 and page["type"] == "page"


def test_all_runs_of_the_notebook_are_shown_as_one(front: Front) -> None:
    bill = front.order(do="view", run="*", name="bill")["data"]
    assert bill["total"]["calls"] == sum(row["calls"] for row in front.rows.values())
    assert front.order(do="view", run="*", name="bill", since=bill["rev"])["rev"] == bill["rev"]


def test_the_run_of_a_cell_is_found_and_said_in_python(one: Notebook, front: Front) -> None:
    run_cell(one, '%%ask clerk -> n: int\nHow much is 3 + 4?\nSay "n".', "cell-1")
    run = front.order(do="asked", cell="cell-1")["run"]
    text = front.order(do="python", run=run)["text"]
    assert text == 'n = (await clerk("""How much is 3 + 4?\nSay "n".""", output=int)).data'
    one.ok("n = None")
    one.ok(text)
    assert one.ok("print(n)").stream == "7\n"
    assert "No run of this cell" in front.order(do="asked", cell="cell-2")["error"]


def test_a_run_says_which_one_it_repeats(one: Notebook, front: Front) -> None:
    run_cell(one, ASK, "cell-first")
    first = front.order(do="asked", cell="cell-first")["run"]
    run_cell(one, f"%rerun {first}", "cell-again")
    again = front.order(do="asked", cell="cell-again")["run"]
    told = Front(one)  # it is told all that is recorded; of the news many came while the cells ran
    told.until(lambda: {first, again} <= told.rows.keys())
    assert [told.rows[run]["origin"] for run in (first, again)] == ["", first]
    rows, begun = RunRows(), {"at": 1.0, "scope": "", "name": "again", "seq": 1}
    rows.take(RunStarted(run="b", origin=Ref(run="a", seq=3), how="rerun", **begun))
    rows.take(RunStarted(run="c", **begun))
    assert {one["id"]: one["origin"] for one in rows.changes()} == {"b": "a", "c": ""}


def test_an_ask_in_python_is_given_all_that_the_cell_gave(one: Notebook, front: Front) -> None:
    run_cell(one, "%%ask clerk -> before\nA mole is 120 m long.", "cell-a")
    line = "%%ask clerk -> then --after before --model sim:hasty --budget 0.5 --seed 7"
    run_cell(one, f"{line}\nHow long is it in cm?", "cell-b")
    run = front.order(do="asked", cell="cell-b")["run"]
    text = front.order(do="python", run=run)["text"]
    call = "then = await clerk('How long is it in cm?', after={}, model='sim:hasty', seed=7"
    assert text == f"{call.format('before')}, budget_usd=0.5)"
    one.ok(f"first = then; {text}")
    assert one.ok("print(first.text == then.text, '12000' in then.text)").stream == "True True\n"

    # Without the variable what was said is written out.
    one.ok("before = 0")
    text = front.order(do="python", run=run)["text"]
    assert "after=[{'role': 'user', 'content': 'A mole is 120 m long.'}, {'role': 'assi" in text
    one.ok(text)
    assert one.ok("print(first.text == then.text)").stream == "True\n"


@pytest.mark.parametrize(
    "text", ["one", "two\nlines", 'a """ b\nc', "back\\slash\nx", 'ends with "\n"', "{{ x }}\ny"]
)
def test_a_text_is_quoted_as_python_reads_it(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


@pytest.mark.parametrize(
    "order",
    [{"do": "view", "run": "none", "name": "graph"}, {"do": "view", "name": "graph"},
     {"do": "dance"}, {"do": "view", "run": "x", "name": "y"}, {"do": "cell", "run": ["x"]}],
)  # fmt: skip
def test_an_order_that_cannot_be_carried_out_is_told_why(
    front: Front, order: dict[str, Any]
) -> None:
    assert front.order(**order)["error"]


def test_nothing_is_told_when_nothing_happens(one: Notebook, front: Front) -> None:
    one.follow(one.client.execute("1 + 1"), Cell())
    told = len(front.news)
    with pytest.raises(queue.Empty):
        while True:
            front.one.client.get_iopub_msg(timeout=0.5)
    assert len(front.news) == told


def test_a_log_that_cannot_be_read_is_told_and_does_not_close_the_door(
    one: Notebook, front: Front
) -> None:
    one.ok(
        "from agentkit.errors import LogLocked\nfrom nbext.session import Session\n"
        "kept = Session.ours\n"
        "def locked(*_): raise LogLocked('The log is locked.')\n"
        "Session.ours = locked"
    )
    front.send("comm_open", comm_id="late", target_name="agentkit.news", data={})
    while True:
        content = front.take()["content"]
        if content.get("comm_id") == "late":
            break
    assert "The log is locked." in content["data"]["trouble"] and content["data"]["runs"] == []
    one.ok("Session.ours = kept")


def test_a_front_end_that_was_forgotten_is_told_no_more(one: Notebook, front: Front) -> None:
    for n in range(17):
        front.send("comm_open", comm_id=f"tab {n}", target_name="agentkit.news", data={})
    closed = set[str]()
    while len(closed) < 3:
        message = front.take()
        if message["msg_type"] == "comm_close":
            closed.add(message["content"]["comm_id"])
    assert closed == {"news", "late", "tab 0"}
    assert one.ok("import sys; print(sys.getswitchinterval())").stream == f"{QUICK_S}\n"


def test_threads_take_short_turns_while_somebody_follows_and_as_usual_otherwise() -> None:
    turns, before = ShortTurns(), sys.getswitchinterval()
    try:
        for interval, short in ((USUAL_S, QUICK_S), (0.02, 0.02), (0.0001, 0.0001)):
            sys.setswitchinterval(interval)
            turns.shorten()
            turns.shorten()
            turns.lengthen()
            assert sys.getswitchinterval() == pytest.approx(short)
            turns.lengthen()
            assert sys.getswitchinterval() == pytest.approx(interval)
    finally:
        sys.setswitchinterval(before)


def test_a_kernel_of_a_gateway_hears_from_the_front_end_which_notebook_it_is_of(
    sim: Server, tmp_path: Path
) -> None:
    where = "print(open_log().runs()[0].place)"
    with kernel(tmp_path, sim) as far:
        far.ok("%load_ext nbext")
        far.ok("from agentkit import open_log")
        far.ok("%%agent clerk\nYou answer.")
        Front(far, path="harbour/dues.ipynb")
        far.ok(ASK)
        assert far.ok(where).stream == "harbour/dues.ipynb\n"
    # The next kernel tells the runs of its notebook from those of others.
    for path, known in (("harbour/crane.ipynb", 0), ("harbour/dues.ipynb", 1)):
        with kernel(tmp_path, sim) as anew:
            anew.ok("%load_ext nbext")
            assert len(Front(anew, path=path).news[0]["runs"]) == known


def test_what_jupyters_server_says_of_the_notebook_counts_more(sim: Server, tmp_path: Path) -> None:
    with kernel(tmp_path, sim, "/here/own.ipynb") as near:
        near.ok("%load_ext nbext")
        near.ok("%%agent clerk\nYou answer.")
        Front(near, path="other.ipynb")
        near.ok(ASK)
        told = near.ok("from agentkit import open_log\nprint(open_log().runs()[0].place)")
        assert told.stream == "/here/own.ipynb\n"
