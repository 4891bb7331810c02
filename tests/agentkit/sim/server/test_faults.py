from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.sim.server.faults import FaultRule, FaultRules, Sign, read_rules
from agentkit.sim.server.process import start
from agentkit.sim.server.wire import BadRequest

TOOL = {
    "type": "function",
    "function": {"name": "tariff", "parameters": {"type": "object", "properties": {}}},
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "dues",
        "schema": {"type": "object", "properties": {"port": {"type": "string"}}},
    },
}


@pytest.fixture
def port(url: str) -> Any:
    with httpx.Client(base_url=url, timeout=5) as client:
        yield client


def ask(port: httpx.Client, text: str = "hello there", **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"model": "careful", "messages": [{"role": "user", "content": text}], **more}
    return port.post("/v1/chat/completions", json=body, headers=headers)


def arm(port: httpx.Client, **rule: Any) -> None:
    port.post("/sim/faults", json=rule).raise_for_status()


def call_of(reply: httpx.Response) -> dict[str, Any]:
    call: dict[str, Any] = reply.json()["choices"][0]["message"]["tool_calls"][0]["function"]
    return call


def test_a_schedule_hits_the_first_requests_only(port: httpx.Client) -> None:
    arm(port, kind="500", first=2)
    assert [ask(port).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_a_schedule_hits_every_nth_request_at_most_so_many_times(port: httpx.Client) -> None:
    arm(port, kind="429", every=2, times=2)
    assert [ask(port).status_code for _ in range(7)] == [200, 429, 200, 429, 200, 200, 200]
    assert port.get("/sim/faults").json()["rules"][0]["hits"] == 2


def test_a_rule_for_one_actor_leaves_the_others_alone(port: httpx.Client) -> None:
    arm(port, kind="500", actor="slow*")
    assert ask(port, headers={"X-Agentkit-Actor": "slow-1"}).status_code == 500
    assert ask(port, headers={"X-Agentkit-Actor": "slow%C3%A9"}).status_code == 500
    assert "slowé" in port.get("/sim/stats").json()["actors"]
    assert ask(port, headers={"X-Agentkit-Actor": "quick"}).status_code == 200
    assert ask(port).status_code == 200


def test_a_rule_for_one_model_leaves_the_others_alone(port: httpx.Client) -> None:
    arm(port, kind="500", model="hasty")
    assert ask(port, model="sim:hasty").status_code == 500
    assert ask(port, model="sim:careful").status_code == 200


@given(st.permutations(range(60)))
def test_the_same_requests_are_hit_in_any_order_of_arrival(order: list[int]) -> None:
    def hit(texts: list[int]) -> set[int]:
        faults = FaultRules(seed=7)
        faults.add([FaultRule(kind="500", rate=0.3)])
        return {t for t in texts if faults.draw(("500",), Sign(None, "careful", f"{t}"))}

    assert hit(order) == hit(sorted(order))


def test_the_rate_is_kept_and_a_retry_draws_anew() -> None:
    faults = FaultRules(seed=7)
    faults.add([FaultRule(kind="500", rate=0.3)])
    different = [faults.draw(("500",), Sign(None, "careful", str(n))) for n in range(2000)]
    same = [faults.draw(("500",), Sign(None, "careful", "same")) for _ in range(2000)]
    for drawn in (different, same):
        assert 500 < sum(rule is not None for rule in drawn) < 700


def test_another_seed_hits_other_requests() -> None:
    def hits(seed: int) -> list[bool]:
        faults = FaultRules(seed)
        faults.add([FaultRule(kind="500", rate=0.5)])
        return [faults.draw(("500",), Sign(None, "careful", str(n))) is not None for n in range(64)]

    assert hits(1) == hits(1) != hits(2)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "meteor"}, "rules.0.kind"),
        ({"kind": "500", "rate": 3}, "rules.0.rate"),
        ({"kind": "500", "rat": 0.3}, "rules.0.rat"),
        ({"rate": 0.3}, "rules.0.kind"),
        ({"kind": "500", "delay_s": 3}, "delay_s belongs to stall and slow"),
        ([{"kind": "500"}, 7], "rules.1"),
    ],
)
def test_a_wrong_rule_is_refused_and_none_of_its_batch_takes_effect(
    port: httpx.Client, body: Any, says: str
) -> None:
    reply = port.post("/sim/faults", json=body)
    assert reply.status_code == 400 and says in reply.json()["error"]["message"]
    assert port.get("/sim/faults").json() == {"rules": []}
    with pytest.raises(BadRequest):
        read_rules(body)


def test_rules_are_lifted_one_by_one_or_all(port: httpx.Client) -> None:
    rules = {"rules": [{"kind": "500"}, {"kind": "slow"}, {"kind": "drop"}]}
    names = [rule["id"] for rule in port.post("/sim/faults", json=rules).json()["rules"]]
    left = port.delete(f"/sim/faults/{names[0]}").json()["rules"]
    assert [rule["kind"] for rule in left] == ["slow", "drop"]
    assert port.delete("/sim/faults/nothing").status_code == 404
    assert port.delete("/sim/faults").json() == {"rules": []}
    assert ask(port).status_code == 200


def test_malformed_breaks_the_arguments_or_the_schema_output(port: httpx.Client) -> None:
    arm(port, kind="malformed")
    with pytest.raises(json.JSONDecodeError):
        json.loads(call_of(ask(port, tools=[TOOL]))["arguments"])
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask(port, response_format=SCHEMA).json()["choices"][0]["message"]["content"])
    assert ask(port).json()["choices"][0]["message"]["content"] == "user|hello there|7"
    assert port.get("/sim/faults").json()["rules"][0]["seen"] == 2


def test_an_unknown_tool_and_a_wrong_type_are_called(port: httpx.Client) -> None:
    arm(port, kind="unknown_tool")
    assert call_of(ask(port, tools=[TOOL]))["name"] == "tariff_v2"
    port.delete("/sim/faults")
    arm(port, kind="wrong_type")
    arguments = json.loads(call_of(ask(port, tools=[TOOL]))["arguments"])
    assert arguments == {"port": {"value": "Amber"}, "tonnes": 30.5}


def test_truncated_and_refusal_finish_as_the_real_services_do(port: httpx.Client) -> None:
    arm(port, kind="truncated", times=1)
    arm(port, kind="refusal")
    cut = ask(port).json()["choices"][0]
    assert cut["finish_reason"] == "length" and "user|hello there|7".startswith(
        cut["message"]["content"]
    )
    refused = ask(port).json()["choices"][0]
    assert refused["finish_reason"] == "stop" and refused["message"]["content"] is None
    assert "refus" in refused["message"]["refusal"].lower()


def test_a_dropped_request_was_performed_and_a_keyed_retry_is_free(port: httpx.Client) -> None:
    arm(port, kind="drop", times=1)
    keyed = {"Idempotency-Key": "k-1"}
    with pytest.raises(httpx.RemoteProtocolError):
        ask(port, headers=keyed)
    assert ask(port, headers=keyed).status_code == 200
    books = port.get("/sim/stats").json()
    assert (books["calls"], books["charged"], books["repeated"]) == (2, 1, 1)


def test_a_dropped_request_without_a_key_is_paid_twice(port: httpx.Client) -> None:
    arm(port, kind="drop", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(port)
    ask(port).raise_for_status()
    assert port.get("/sim/stats").json()["charged"] == 2


def test_a_duplicate_is_charged_twice_unless_keyed(port: httpx.Client) -> None:
    arm(port, kind="duplicate")
    ask(port).raise_for_status()
    assert port.get("/sim/stats").json()["charged"] == 2
    ask(port, headers={"Idempotency-Key": "k"}).raise_for_status()
    assert port.get("/sim/stats").json()["charged"] == 3


def test_duplicate_stream_events_bear_the_same_id(port: httpx.Client) -> None:
    whole = ask(port, stream=True).text.split("\n\n")
    arm(port, kind="duplicate")
    twice = ask(port, stream=True).text.split("\n\n")
    assert len(twice) > len(whole)
    assert list(dict.fromkeys(twice)) == whole
    ids = [event.split("\n")[0] for event in twice if event]
    assert all(line.startswith("id: ") for line in ids)


def test_a_cut_reply_is_incomplete_on_the_wire(port: httpx.Client) -> None:
    arm(port, kind="cut")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(port)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(port, stream=True)


def test_a_stall_ends_with_the_reply_after_its_delay(port: httpx.Client) -> None:
    arm(port, kind="stall", delay_s=0.3)
    reply = ask(port)
    assert reply.status_code == 200 and reply.elapsed.total_seconds() >= 0.3


def test_slow_waits_its_delay_also_without_latency(port: httpx.Client) -> None:
    arm(port, kind="slow", delay_s=0.2)
    assert ask(port).elapsed.total_seconds() >= 0.2


def test_html_is_a_page_and_no_json(port: httpx.Client) -> None:
    arm(port, kind="html")
    reply = ask(port)
    assert reply.status_code == 502 and reply.headers["content-type"].startswith("text/html")
    assert "<html>" in reply.text


def test_a_schedule_counts_from_when_a_rule_was_put_in_force() -> None:
    now = [100.0]
    faults = FaultRules(7, clock=lambda: now[0])
    faults.add([FaultRule(kind="500", from_s=5, until_s=10)])
    hit = []
    for passed in (0, 4.9, 5.0, 9.9, 10.0, 60):
        now[0] = 100.0 + passed
        hit.append(faults.draw(("500",), Sign(None, "careful", str(passed))) is not None)
    assert hit == [False, False, True, True, False, False]


def test_a_schedule_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadRequest, match="until_s is not after from_s"):
        read_rules({"kind": "500", "from_s": 5, "until_s": 5})


async def test_an_actor_that_is_partitioned_off_reaches_nothing_and_pays_nothing() -> None:
    with start(speed=0) as server:
        async with httpx.AsyncClient(trust_env=False) as client:
            rules = {"rules": [{"kind": "partition", "actor": "planner"}], "seed": 5}
            assert (await client.post(f"{server.url}/sim/faults", json=rules)).status_code == 200
            body = {"model": "sim:careful", "messages": [{"role": "user", "content": "hello"}]}
            url = f"{server.url}/v1/chat/completions"
            with pytest.raises(httpx.RemoteProtocolError):
                await client.post(url, json=body, headers={"X-Agentkit-Actor": "planner"})
            other = await client.post(url, json=body, headers={"X-Agentkit-Actor": "critic"})
            assert other.status_code == 200
            books = (await client.get(f"{server.url}/sim/stats")).json()
            assert (books["charged"], books["faults"]) == (1, {"partition": 1})
            wrong = await client.post(f"{server.url}/sim/faults", json={**rules, "seed": "x"})
            assert wrong.status_code == 400
