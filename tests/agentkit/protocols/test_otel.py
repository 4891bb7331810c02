"""Runs as spans of OpenTelemetry, as a real receiver of OTLP reads them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as conventions
from opentelemetry.trace import SpanKind  # noqa: F401  # the extra is there

from agentkit import Agent, open_log, pattern, tool
from agentkit.causes import caused_by, incoming, trace_of
from agentkit.cli import main
from agentkit.errors import PeerError
from agentkit.log import Log
from agentkit.patterns import handoff
from agentkit.protocols.otel import Spans, export, exporting
from agentkit.protocols.otel import names as ours
from agentkit.testing import ScriptedModel, call


class Collector:
    """A receiver of OTLP over HTTP that decodes what it is sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.status, self.location = 200, ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                if self.path == "/v1/traces" and outer.status == 200:
                    outer.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("location", outer.location)
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def tree(self) -> set[tuple[str, str]]:
        """Each span with the one that it is in."""
        names = {one.span_id: one.name for one in self.spans}
        return {(names.get(one.parent_span_id, ""), one.name) for one in self.spans}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    def value(found: Any) -> Any:
        kind = found.WhichOneof("value")
        if kind == "array_value":
            return [value(one) for one in found.array_value.values]
        return getattr(found, kind)

    return {one.key: value(one.value) for one in span.attributes}


@tool(effect="pure")
def tariff(port: str) -> int:
    """Harbour dues in EUR."""
    if port == "Nowhere":
        raise ValueError("the secret port")
    return 13


def clerk(*replies: Any) -> Agent:
    model = ScriptedModel(*replies)
    return Agent("clerk", "A secret instruction.", model=model, tools=[tariff])


async def asked(log: Log) -> str:
    one = clerk([call("tariff", port="Amber")], [call("tariff", port="Nowhere")], "A secret: 13")

    @pattern
    async def team(task: str) -> str:
        return (await one(task)).text

    return (await team("A secret task", log=log)).run_id


def test_the_names_are_those_of_the_conventions() -> None:
    known = {getattr(conventions, one) for one in dir(conventions) if one.startswith("GEN_AI_")}
    used = {v for v in vars(ours).values() if isinstance(v, str) and v.startswith("gen_ai.")}
    used |= {*ours.TOKENS.values(), *ours.OPTIONS.values()}
    assert used and used <= known
    providers = {one.value for one in conventions.GenAiProviderNameValues}
    assert set(ours.PROVIDERS.values()) <= providers


async def test_a_run_is_a_tree_of_spans_without_what_was_said(collector: Collector) -> None:
    log = open_log("memory:")
    run = await asked(log)
    done = export(log, run, endpoint=collector.url, headers={"x-key": "k"}, service="port")
    assert (
        done.trace == trace_of(run) and done.open == 0 and done.spans == len(collector.spans) == 8
    )
    assert collector.headers[0]["x-key"] == "k"
    assert collector.tree() == {
        ("", "invoke_workflow team"),
        ("invoke_workflow team", "invoke_workflow team"),
        ("invoke_workflow team", "invoke_agent clerk"),
        ("invoke_agent clerk", "chat scripted"),
        ("invoke_agent clerk", "execute_tool tariff"),
    }
    assert b"secret" not in collector.requests[0].SerializeToString()
    resource = collector.requests[0].resource_spans[0].resource
    assert attributes(resource)["service.name"] == "port"
    chat = next(one for one in collector.spans if one.name == "chat scripted")
    found = attributes(chat)
    assert found["gen_ai.operation.name"] == "chat" and found["gen_ai.usage.input_tokens"] == 10
    assert found["gen_ai.response.finish_reasons"] == ["tool_calls"] and chat.kind == 3
    assert chat.end_time_unix_nano >= chat.start_time_unix_nano > 1_700_000_000 * 10**9
    tools = [one for one in collector.spans if one.name == "execute_tool tariff"]
    assert [one.status.code for one in tools] == [0, 2]
    assert attributes(tools[1])["error.type"] == "ValueError"


async def test_a_second_export_and_a_live_one_say_the_same(collector: Collector) -> None:
    log = open_log("memory:")
    with exporting(log, endpoint=collector.url):
        run = await asked(log)
    live = {one.span_id: one.SerializeToString() for one in collector.spans}
    collector.requests.clear()
    for _ in range(2):
        export(log, run, endpoint=collector.url)
    assert len(collector.spans) == 16
    assert {one.span_id: one.SerializeToString() for one in collector.spans} == live


async def test_content_is_told_when_it_is_asked_for(collector: Collector) -> None:
    log = open_log("memory:")
    export(log, await asked(log), endpoint=collector.url, content=True)
    chats = [attributes(one) for one in collector.spans if one.name == "chat scripted"]
    assert json.loads(chats[0]["gen_ai.system_instructions"])[0]["content"].startswith("A secret")
    said = json.loads(chats[-1]["gen_ai.input.messages"])
    assert [one["role"] for one in said] == ["user", "assistant", "tool", "assistant", "tool"]
    assert said[1]["parts"][0]["arguments"] == {"port": "Amber"}
    out = json.loads(chats[-1]["gen_ai.output.messages"])
    assert out[0]["parts"] == [{"type": "text", "content": "A secret: 13"}]
    tools = [one for one in collector.spans if one.name == "execute_tool tariff"]
    assert attributes(tools[0])["gen_ai.tool.call.result"] == "13"
    assert "secret port" in tools[1].status.message


async def test_a_run_that_was_called_hangs_below_its_caller(collector: Collector) -> None:
    log = open_log("memory:")
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with caused_by(incoming({"traceparent": parent})):
        run = await asked(log)
    export(log, run, endpoint=collector.url)
    assert {one.trace_id.hex() for one in collector.spans} == {parent[3:35]}
    tops = [one for one in collector.spans if one.parent_span_id.hex() == "00f067aa0ba902b7"]
    assert [one.name for one in tops] == ["invoke_workflow team"]


async def test_a_hand_off_and_a_flow_are_links(collector: Collector) -> None:
    log = open_log("memory:")
    first = Agent("first", model=ScriptedModel([call("transfer_to_second", reason="r")], "yours"))
    second = Agent("second", model=ScriptedModel("done", "done"))
    handed = await handoff([first, second], to={"first": ["second"]})("Go.", log=log)
    flow = await (Agent("a", model=ScriptedModel("x")) >> Agent("b", model=ScriptedModel("y")))(
        "Go.", log=log
    )
    for run in (handed.run_id, flow.run_id):
        export(log, run, endpoint=collector.url)
    spans = {one.span_id: one.name for one in collector.spans}
    links = {(spans[link.span_id], one.name) for one in collector.spans for link in one.links}
    assert links == {
        ("invoke_agent first", "invoke_agent second"),
        ("invoke_agent a", "invoke_agent b"),
    }


async def test_attempts_are_spans_of_their_own_and_reused_steps_link_back(
    collector: Collector,
) -> None:
    log = open_log("memory:")
    tries: list[int] = []
    one = clerk("13", "14")

    @pattern
    async def team(task: str) -> str:
        said = (await one(task)).text
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        return said

    with exporting(log, endpoint=collector.url):
        with pytest.raises(ValueError):
            await team("Go.", log=log)
        run = log.runs()[0].id
        await team.resume(run, log=log)
    live = {span.span_id: span.SerializeToString() for span in collector.spans}
    collector.requests.clear()
    export(log, run, endpoint=collector.url)
    assert {span.span_id: span.SerializeToString() for span in collector.spans} == live
    assert len(live) == len(collector.spans)
    tops = [span for span in collector.spans if not span.parent_span_id]
    assert [span.status.code for span in tops] == [2, 0]
    again = await team.rerun(run, log=log)
    collector.requests.clear()
    export(log, again.run_id, endpoint=collector.url)
    reused = [span for span in collector.spans if attributes(span).get("agentkit.reused")]
    assert len(reused) == 1 and reused[0].links[0].span_id in live
    assert "gen_ai.usage.input_tokens" not in attributes(reused[0])


async def test_a_run_that_was_cut_off_has_no_ends_that_nobody_knows(collector: Collector) -> None:
    log = open_log("memory:")
    events = log.read(await asked(log))
    for cut in range(1, len(events) + 1):
        spans = Spans()
        ended = [one for event in events[:cut] for one in spans.take(event)]
        assert all(one.end >= one.begin for one in ended)
        assert len({one.span for one in ended}) == len(ended)
        assert spans.open == 0 or cut < len(events)


async def test_a_collector_that_is_gone_or_refuses_is_an_error_that_loses_nothing(
    collector: Collector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    log = open_log(url)
    run = await asked(log)
    collector.status = 400
    with pytest.raises(PeerError, match="took no spans"):
        export(log, run, endpoint=collector.url)
    assert main(["log", "otel", run, "--log", url, "--endpoint", collector.url]) == 2
    assert "took no spans" in capsys.readouterr().err
    collector.status = 200
    assert main(["log", "otel", run, "--log", url, "--endpoint", collector.url]) == 0
    assert f"trace {trace_of(run)}  8 spans" in capsys.readouterr().out
    assert len(collector.spans) == 8


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_collector_that_sends_on_is_not_followed(collector: Collector, status: int) -> None:
    log, other = open_log("memory:"), Collector()
    collector.status, collector.location = status, f"{other.url}/v1/traces"
    try:
        with pytest.raises(PeerError, match="took no spans"):
            export(log, await asked(log), endpoint=collector.url, headers={"x-api-key": "secret"})
    finally:
        other.server.shutdown()
        other.server.server_close()
    assert collector.headers[-1]["x-api-key"] == "secret" and not other.headers
