"""The message graph as a fold."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from agentkit.events import Cause, Failure, Ref
from agentkit.pictures import GraphPicture
from agentkit.views import fold
from agentkit.views.graph import MessageGraph
from tests.agentkit.views.story import Story, team


def nodes(graph: GraphPicture) -> dict[str, Any]:
    return {node["id"]: node for node in graph.data()["nodes"]}


def edges(graph: GraphPicture) -> dict[str, Any]:
    return {edge["id"]: edge["kinds"] for edge in graph.data()["edges"]}


def asked(*then: str) -> Story:
    """You asked a clerk, who is at it."""
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk", what="agent", model="sim:careful")
    s.say("c", "you", "clerk", "What are the dues?")
    return s


def test_messages_are_counted_per_ordered_pair_and_kind() -> None:
    found = edges(fold(GraphPicture(), team().events))
    assert found["team→worker-1"] == {"task": 1}
    assert found["worker-1→team"] == {"answer": 1}
    assert found["worker-1→tool:tariff"] == {"call": 1}
    assert found["tool:tariff→worker-1"] == {"result": 1}
    assert len(found) == 14


def test_models_are_no_nodes_and_a_tool_is_one_node_for_all() -> None:
    found = nodes(fold(GraphPicture(), team().events))
    assert list(found) == [
        "you",
        "team",
        "planner",
        "worker-1",
        "tool:tariff",
        "worker-2",
        "editor",
    ]
    assert found["planner"]["model"] == "sim:careful"
    assert found["tool:tariff"]["asked"] == 2


def test_a_node_tells_what_it_does_and_what_it_waits_for() -> None:
    s = asked()
    graph = fold(GraphPicture(), s.events)

    def then(done: Any) -> tuple[str, str]:
        before = len(s.events)
        done()
        fold(graph, s.events[before:])
        clerk = nodes(graph)["clerk"]
        return clerk["state"], clerk["doing"]

    assert (nodes(graph)["clerk"]["state"]) == "running"
    assert then(lambda: s.begin("c", "m", "model", "sim:careful")) == ("waiting", "model")
    assert then(lambda: s.note("c", "retry", {"wait_s": 1})) == ("waiting", "retry")
    assert then(lambda: s.finish("c", "m", "model", "sim:careful")) == ("running", "")
    assert then(lambda: s.begin("c", "t", "tool", "tariff", {})) == ("running", "tool")
    assert then(lambda: s.finish("c", "t", "tool", "tariff")) == ("running", "")
    assert then(lambda: s.begin("c", "p", "person", "person", {})) == ("waiting", "person")
    assert nodes(graph)["you"]["state"] == "running"
    assert then(lambda: s.finish("c", "p", "person", "person", result="yes")) == ("running", "")
    assert then(lambda: s.open("h", "helper", "clerk/helper", "c")) == ("waiting", "children")
    assert then(lambda: s.close("h")) == ("running", "")
    assert then(lambda: s.close("c", "failed")) == ("failed", "")


def test_a_failed_tool_answers_with_an_error() -> None:
    s = asked()
    error = Failure(type="ToolError", text="no such port")
    s.begin("c", "t", "tool", "tariff", {"port": "Nowhere"})
    s.finish("c", "t", "tool", "tariff", status="failed", error=error)
    graph = fold(GraphPicture(), s.events)
    assert edges(graph)["tool:tariff→clerk"] == {"error": 1}
    assert nodes(graph)["tool:tariff"]["state"] == "failed"
    assert "no such port" in graph.page("tool:tariff→clerk")["items"][0]["text"]


def test_decisions_are_counted_on_the_node_they_are_about() -> None:
    s = asked()
    s.note("c", "unknown_tool", {"actor": "clerk", "tool": "tarrif"})
    s.note("", "redefined", {"actor": "clerk"})
    assert nodes(fold(GraphPicture(), s.events))["clerk"]["notes"] == {
        "redefined": 1,
        "unknown_tool": 1,
    }


def test_an_actor_asked_twice_is_one_node_that_says_so() -> None:
    s = asked()
    s.close("c")
    s.open("c2", "clerk", "clerk", what="agent", model="sim:careful")
    s.say("c2", "you", "clerk", "And for 30 t?")
    clerk = nodes(fold(GraphPicture(), s.events))["clerk"]
    assert (clerk["activations"], clerk["asked"]) == (2, 2)


def test_two_runs_fold_into_one_picture() -> None:
    graph = fold(GraphPicture(), [*team("run-1").events, *team("run-2").events])
    assert edges(graph)["you→team"] == {"task": 2}
    assert [run["by"] for run in graph.data()["runs"]] == ["", ""]


def test_a_run_names_the_one_that_called_it() -> None:
    s = team("run-2")
    cause = Cause(trace="1" * 32, span="2" * 16, run="run-1")
    called = [s.events[0].model_copy(update={"cause": cause}), *s.events[1:]]
    graph = fold(MessageGraph(), [*team("run-1").events, *called])
    assert [run["by"] for run in graph.head()["runs"]] == ["", "run-1"]


def test_a_run_that_died_shows_nobody_at_work_once_it_is_resumed() -> None:
    s = asked()
    s.begin("c", "m", "model", "sim:careful")
    s.start(how="resume")
    assert nodes(fold(GraphPicture(), s.events))["clerk"]["state"] == "idle"
    s.begin("c", "m", "model", "sim:careful")
    assert nodes(fold(GraphPicture(), s.events))["clerk"]["state"] == "waiting"


def test_messages_are_read_in_pages_and_in_full() -> None:
    s = asked()
    for i in range(120):
        s.say("c", "clerk", "you", f"part {i} " + "x" * 500, "say")
    graph = fold(GraphPicture(), s.events)
    page = graph.page("clerk→you", 100, 50)
    assert (page["total"], page["start"], len(page["items"])) == (120, 100, 20)
    first = page["items"][0]
    assert first["more"] and first["text"].startswith("part 100")
    whole = graph.view.full(first["run"], first["seq"], first["kind"])
    assert whole is not None and len(whole) == 509
    assert graph.view.full(first["run"], 10_000, "task") is None
    assert graph.page("clerk→nobody")["total"] == 0
    assert graph.page("clerk", -5)["total"] == 121


def test_fifty_workers_are_one_card_and_their_messages_one_list() -> None:
    s = asked()
    for i in range(50):
        s.open(f"w{i}", f"worker-{i}", f"clerk/worker-{i}", "c", what="agent")
        s.say(f"w{i}", "clerk", f"worker-{i}", f"Do part {i}.")
        s.close(f"w{i}", "failed" if i == 7 else "ok")
    graph = fold(GraphPicture(), s.events)
    found = nodes(graph)
    assert list(found) == ["you", "clerk", "crowd:worker-0"]
    assert found["crowd:worker-0"]["label"] == "worker ×50"
    assert found["crowd:worker-0"]["sub"] == "1 failed, 49 done"
    assert edges(graph)["clerk→crowd:worker-0"] == {"task": 50}
    assert graph.page("clerk→crowd:worker-0")["total"] == 50
    assert graph.page("crowd:worker-0")["items"][7]["target"] == "worker-7"


def test_each_reused_call_is_counted_and_tells_what_was_asked() -> None:
    s = asked()
    for port in ("Amber", "Briar"):
        old = Ref(run="old", seq=1)
        s.finish("c", port, "tool", "tariff", result=5, reused=old, request={"port": port})
    graph = fold(GraphPicture(), s.events)
    [call] = [edge for edge in graph.data()["edges"] if "call" in edge["kinds"]]
    assert call["kinds"] == {"call": 2}
    assert graph.page(call["id"])["items"][0]["target"] == "tariff"
    assert [item["text"] for item in graph.page(call["id"])["items"]] == [
        '{"port": "Amber"}',
        '{"port": "Briar"}',
    ]


def test_words_of_models_cannot_break_out_of_the_picture() -> None:
    s = asked()
    evil = "</text><script>alert(1)</script>\x00\ud800"
    s.open("e", evil, f"clerk/{evil}", "c")
    s.say("e", "clerk", evil, evil)
    s.tool("e", "t", "<b>tool</b>", {"x": evil}, evil)
    graph = fold(GraphPicture(), s.events)
    tree = ElementTree.fromstring(graph.to_svg())
    assert not [part for part in tree.iter() if part.tag.endswith("script")]
    assert "<script" not in graph.to_html() + graph.to_markdown()


def test_an_actor_stands_beside_who_opened_it_before_the_first_message() -> None:
    s = asked()
    s.open("h", "helper", "clerk/helper", "c")
    places = fold(GraphPicture(), s.events).data()["layout"]["nodes"]
    assert places["you"][0] < places["clerk"][0] < places["helper"][0]


def test_a_memory_is_one_node_whatever_is_done_to_it_and_its_troubles_are_its_own() -> None:
    s = Story()
    s.start()
    for name in ("ann", "bo"):
        s.open(name, name, name, what="agent")
        s.begin(name, f"{name}1", "memory", "port.read", {"key": "quay"})
        s.finish(name, f"{name}1", "memory", "port.read", result=41)
        s.begin(name, f"{name}2", "memory", "port.write", {"key": "quay", "value": 42})
        s.finish(name, f"{name}2", "memory", "port.write", result="v2")
    s.note("bo", "lost_update", {"memory": "port", "key": "quay"})
    view = fold(GraphPicture(), s.events)
    nodes = {node["id"]: node for node in view.data()["nodes"]}
    assert (nodes["memory:port"]["label"], nodes["memory:port"]["asked"]) == ("port", 4)
    assert nodes["memory:port"]["notes"] == {"lost_update": 1}
    assert nodes["bo"]["notes"] == {}
    [first, *_] = view.page("ann→memory:port", 0, 10)["items"]
    assert first["text"] == '{"read": {"key": "quay"}}'
