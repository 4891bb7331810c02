"""A conversation from a side panel: kept in the kernel, recorded as runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from agentkit.sim.server import Server
from tests.nbext.conftest import TARIFF, kernel
from tests.nbext.notebook import WAIT_S, Cell, Notebook
from tests.nbext.test_panel import PERSON, SLOW

HEARS = """
from agentkit import pattern
@pattern
async def hostile(task):
    return "<img src=x onerror=alert(1)> **bold** $x$ " + "y" * 10
@pattern
async def broken(task):
    raise ValueError("<b>no</b> " + task)
"""


class Talk:
    """A page that shows the conversation of a kernel."""

    def __init__(self, one: Notebook, name: str) -> None:
        self.one, self.name = one, name
        self.turns: dict[str, dict[str, Any]] = {}
        self.seen: list[dict[str, Any]] = []
        self.questions: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.whole = 0
        self.printed = ""
        self.heard: dict[str, list[dict[str, Any]]] = {}
        session = one.client.session
        asked = session.msg("create_subshell_request")
        one.client.control_channel.send(asked)
        reply = one.client.get_control_msg(timeout=WAIT_S)
        self.subshell = reply["content"]["subshell_id"]
        """As JupyterLab opens one for each comm."""
        for target in ("news", "orders"):
            self.send("comm_open", target, target_name=f"agentkit.{target}", data={"chat": True})
        self.until(lambda: self.whole > 0)

    def send(self, kind: str, target: str, **content: Any) -> None:
        content = {"comm_id": f"{self.name} {target}", **content}
        message = self.one.client.session.msg(kind, content)
        if target == "orders":
            message["header"]["subshell_id"] = self.subshell
        self.one.client.shell_channel.send(message)

    def take(self) -> None:
        message = self.one.client.get_iopub_msg(timeout=WAIT_S)
        content = message["content"]
        if message["msg_type"] == "stream":
            self.printed += content["text"]
        if message["msg_type"] != "comm_msg":
            return
        data = content["data"]
        self.heard.setdefault(content["comm_id"], []).append(data)
        if content["comm_id"] == f"{self.name} orders":
            self.replies.append(data)
        elif content["comm_id"] == f"{self.name} news" and data["kind"] == "chat":
            if data["whole"]:
                self.whole += 1
                self.turns.clear()
            self.turns.update({one["run"]: one for one in data["turns"]})
            self.seen += data["turns"]
        elif content["comm_id"] == f"{self.name} news":
            self.questions = data.get("questions", self.questions)

    def until(self, holds: Any) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < end, (self.turns, self.replies)
            self.take()

    def order(self, **order: Any) -> dict[str, Any]:
        self.replies.clear()
        self.send("comm_msg", "orders", data={**order, "req": "1"})
        self.until(lambda: bool(self.replies))
        return self.replies[0]

    def say(self, actor: str, text: str) -> str:
        return str(self.order(do="say", actor=actor, text=text)["run"])

    def ended(self, run: str) -> dict[str, Any]:
        self.until(lambda: self.turns[run]["state"] != "asking")
        return self.turns[run]


@pytest.fixture(scope="module")
def one(sim: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with kernel(tmp_path_factory.mktemp("chat"), sim, "/talk.ipynb") as found:
        found.ok("%load_ext nbext")
        found.ok(TARIFF)
        found.ok("%%agent clerk --tools tariff\nYou answer questions about the port of Amber.")
        for text in (SLOW, PERSON, HEARS):
            found.ok(text)
        yield found


@pytest.fixture
def talk(one: Notebook, request: pytest.FixtureRequest) -> Talk:
    found = Talk(one, request.node.name)
    found.order(do="anew")
    return found


def test_what_is_said_is_answered_and_a_second_question_goes_on_from_it(talk: Talk) -> None:
    first = talk.ended(talk.say("clerk", "What are the dues for 30 t in Amber?"))
    assert first["state"] == "done" and "390" in first["shown"] and first["actor"] == "clerk"
    # It came in pieces, and the last one has the bill.
    assert "clerk · " in first["shown"] and len({one["shown"] for one in talk.seen}) > 1
    second = talk.ended(talk.say("clerk", "And how many tonnes did I name?"))
    assert second["state"] == "done"
    talk.one.ok(
        "from agentkit.logs import open_log\nlog = open_log()\n"
        f"last = await clerk.resume({second['run']!r})\n"
        "said = [one.message.text for one in last.thread if one.message.role == 'user']"
    )
    assert "30 t in Amber" in talk.one.ok("print(said)").stream
    assert talk.one.ok("print(len(said))").stream == "2\n"


def test_it_goes_on_while_a_cell_computes_and_while_one_awaits(talk: Talk) -> None:
    for code in ("time.sleep(60)", "await asyncio.sleep(60)"):
        cell = talk.one.client.execute(f"import time, asyncio\nprint('begun', flush=True)\n{code}")
        talk.until(lambda: "begun" in talk.printed)
        turn = talk.ended(talk.say("clerk", "What are the dues for 30 t in Amber?"))
        assert turn["state"] == "done" and "390" in turn["shown"]
        talk.printed = ""
        talk.one.manager.interrupt_kernel()
        assert talk.one.follow(cell, Cell()).ename


def test_an_answer_can_be_stopped_and_goes_on(talk: Talk) -> None:
    run = talk.say("slow", "wait")
    assert "still answers" in talk.order(do="say", actor="clerk", text="now")["error"]
    assert "still answers" in talk.order(do="anew")["error"]
    while not talk.order(do="stop", run=run)["stopped"]:
        pass  # until it has begun
    assert talk.ended(run)["state"] == "stopped"
    talk.one.ok("async def quick(s): pass\nbefore, asyncio.sleep = asyncio.sleep, quick")
    assert talk.order(do="again", run=run) == {"run": run, "req": "1"}
    talk.until(lambda: talk.turns[run]["state"] == "done")
    talk.one.ok("asyncio.sleep = before")
    assert talk.turns[run]["shown"].startswith("done")
    assert "Only the last question" in talk.order(do="again", run=run)["error"]


def test_a_question_waits_and_is_answered_in_the_panel(talk: Talk) -> None:
    run = talk.say("keeper", "May I?")
    talk.until(lambda: any(one["run"] == run for one in talk.questions))
    [question] = [one for one in talk.questions if one["run"] == run]
    assert question["text"] == "Open the <b>gate</b>?"
    hear = {"do": "hear", "question": question["id"], "content": {"type": "answer", "text": "yes"}}
    talk.send("comm_msg", "orders", data=hear)
    assert talk.ended(run)["shown"].startswith("yes")


def test_words_are_shown_as_words_and_a_failure_is_told(talk: Talk) -> None:
    shown = talk.ended(talk.say("hostile", "Go"))["shown"]
    assert "<img" not in shown and "**bold**" in shown
    failed = talk.ended(talk.say("broken", "it"))
    assert failed["state"] == "failed" and "ValueError" in failed["shown"]
    assert "<b>" not in failed["shown"]
    # The conversation goes on from the last answer.
    assert talk.ended(talk.say("clerk", "Hello"))["state"] == "done"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 / 0 }}",
        "\\{{ x",
        "%%ask clerk\nx",
        "--bg -> y",
        "-> a\n--model b",
        "\x00\x1b[31m",
        "%ls\n!ls",
    ],
)
def test_a_text_is_asked_as_it_is_here_and_in_the_cell_that_is_made_of_it(
    talk: Talk, charged: Any, text: str
) -> None:
    assert talk.ended(talk.say("clerk", text))["said"] == text
    [cell] = talk.order(do="cells")["cells"]
    before = charged()
    talk.one.ok(cell)
    assert charged() == before


def test_a_huge_text_is_not_sent_again_with_each_piece(talk: Talk) -> None:
    turn = talk.ended(talk.say("hostile", "y " * 1_000_000))
    assert turn["state"] == "done" and max(len(one["said"]) for one in talk.seen) == 4000


@pytest.mark.parametrize(
    ("order", "why"),
    [({"do": "say", "actor": "nobody", "text": "x"}, "No actor is called 'nobody'"),
     ({"do": "say", "actor": "clerk", "text": " \n"}, "was asked nothing"),
     ({"do": "say", "actor": "clerk"}, "does not understand"),
     ({"do": "again", "run": "x"}, "Only the last question"),
     ({"do": "recall", "runs": 7}, "does not understand")],
)  # fmt: skip
def test_an_order_that_cannot_be_carried_out_says_why(
    talk: Talk, order: dict[str, Any], why: str
) -> None:
    assert why in talk.order(**order)["error"]


def test_an_order_that_fails_of_itself_is_answered_too(talk: Talk) -> None:
    talk.one.ok("from nbext.panel.chat import PanelChat as P; kept = P.recall; del P.recall")
    told = talk.order(do="recall", runs=[])
    talk.one.ok("P.recall = kept; del P, kept")
    assert "recall" in told["error"]


def test_cells_of_the_conversation_answer_from_the_log(
    talk: Talk, sim: Server, charged: Any
) -> None:
    talk.ended(talk.say("clerk", "What are the dues for 30 t in Amber?"))
    talk.ended(talk.say("clerk", "And for {{ 40 }} t?\nIn Amber."))
    talk.one.ok("for name in [n for n in globals() if n.startswith('said_')]: del globals()[name]")
    talk.one.ok("said_1 = 0")
    cells = talk.order(do="cells")["cells"]
    assert [cell.split(" --rerun")[0] for cell in cells] == [
        "%%ask clerk -> said_2", "%%ask clerk -> said_3 --after said_2"
    ]  # fmt: skip
    before = charged()
    for cell in cells:
        talk.one.ok(cell)
    assert charged() == before
    assert "{{ 40 }}" in talk.one.ok("print(said_3.thread[-2].message.text, said_3)").stream


def test_a_new_kernel_takes_the_conversation_up_from_the_log(talk: Talk) -> None:
    runs = [talk.say("clerk", "What are the dues for 30 t in Amber?")]
    talk.ended(runs[0])
    runs.append(talk.say("broken", "it"))
    before = talk.ended(runs[1]), talk.turns[runs[0]]
    talk.one.ok("%reload_ext nbext")
    anew = Talk(talk.one, "anew")
    assert anew.turns == {}
    anew.order(do="recall", runs=["nonsense", *runs])
    failed, first = anew.turns[runs[1]], anew.turns[runs[0]]
    assert first == before[1]
    assert (failed["state"], failed["actor"], failed["said"]) == ("failed", "broken", "it")
    assert "ValueError" in failed["shown"] and "<b>" not in failed["shown"]
    last = anew.ended(anew.say("clerk", "How many tonnes did I name?"))
    assert last["state"] == "done"
    talk.one.ok(f"last = await clerk.resume({last['run']!r})")
    told = talk.one.ok("print([one.message.text for one in last.thread])").stream
    assert "30 t in Amber" in told
    # Another page has it too, and what is recalled later changes nothing.
    other = Talk(talk.one, "other")
    assert list(other.turns) == [*runs, last["run"]]
    other.order(do="recall", runs=runs[:1])
    assert len(other.turns) == 3


def test_nothing_is_told_to_a_front_end_that_shows_no_conversation(talk: Talk) -> None:
    content = {"comm_id": "old news", "target_name": "agentkit.news", "data": {"protocol": 1}}
    talk.one.client.shell_channel.send(talk.one.client.session.msg("comm_open", content))
    talk.ended(talk.say("clerk", "Hello"))
    assert {one["kind"] for one in talk.heard["old news"]} == {"news"}
    assert "chat" in {one["kind"] for one in talk.heard[f"{talk.name} news"]}
