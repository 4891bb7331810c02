"""What is served, as the official client and the older protocol see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import (
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agentkit import Agent, current_run, open_log, pattern, tool
from agentkit.person import Question
from agentkit.protocols import A2aService, SigningKey, a2a_agent, serve_a2a
from agentkit.protocols.a2a.signing import judged
from tests.agentkit.protocols.serving import served

ASKED: list[str] = []


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 2.64


clerk = Agent("clerk", "You know the dues.", tools=[tariff], description="Knows the dues.")


@pattern(members=[clerk])
async def team(task: str) -> str:
    """A team at the port."""
    ASKED.append(task)
    if task == "slow":
        await asyncio.sleep(60)
    if task == "ask":
        question = Question(text="Which dock?", options=("yes", "no"))
        return "said " + await current_run().ask_person(question)
    return f"heard {task}"


@pytest.fixture
async def service() -> AsyncIterator[A2aService]:
    ASKED.clear()
    async with await serve_a2a(team) as made:
        yield made


@pytest.fixture
async def client(service: A2aService) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield await create_client(service.url, ClientConfig(streaming=False, httpx_client=http))


def message(text: str, id: str = "m1", **more: Any) -> SendMessageRequest:
    said = Message(message_id=id, role=Role.ROLE_USER, parts=[Part(text=text)], **more)
    return SendMessageRequest(message=said)


async def sent(client: Client, request: SendMessageRequest) -> Any:
    (found,) = [one async for one in client.send_message(request)]
    return found.task


async def test_a_message_that_comes_again_is_not_performed_again(client: Client) -> None:
    first = await sent(client, message("hello"))
    again = await sent(client, message("hello"))
    assert first.id == again.id and ASKED == ["hello"]
    assert first.artifacts[0].parts[0].text == "heard hello"
    both = await asyncio.gather(*(sent(client, message("x", "m2")) for _ in range(2)))
    assert both[0].id == both[1].id and ASKED == ["hello", "x"]
    other = await sent(client, message("other words"))
    assert other.id != first.id
    run = next(one for one in open_log().runs() if one.id == first.id)
    assert run.actor == "team" and run.status == "ok"


async def test_a_task_waits_for_an_answer_and_takes_one(client: Client) -> None:
    task = await sent(client, message("ask"))
    assert task.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
    assert task.status.message.parts[0].text == "Which dock?"
    with pytest.raises(InvalidParamsError, match="choose one of: yes, no"):
        await sent(client, message("perhaps", "m2", task_id=task.id))
    with pytest.raises(InvalidParamsError, match="another context"):
        await sent(client, message("yes", "m3", task_id=task.id, context_id="other"))
    for _ in range(2):
        done = await sent(client, message("Yes.", "m4", task_id=task.id))
        assert done.artifacts[0].parts[0].text == "said yes"
    assert [one.message_id for one in done.history][::2] == ["m1", "m4"]
    with pytest.raises(UnsupportedOperationError, match="is over"):
        await sent(client, message("yes", "m5", task_id=task.id))
    with pytest.raises(TaskNotFoundError):
        await sent(client, message("yes", "m6", task_id="unknown"))


async def test_what_ends_begins_nothing_more(client: Client, service: A2aService) -> None:
    task = await sent(client, message("ask"))
    await service.handler.jobs.close()
    again = await sent(client, message("ask"))  # As a client does whose connection broke.
    assert again.id == task.id and "It goes on once" in again.status.message.parts[0].text
    for later in (message("hello", "m2"), message("yes", "m3", task_id=task.id)):
        with pytest.raises((InternalError, UnsupportedOperationError)):
            await sent(client, later)
    with pytest.raises(TaskNotCancelableError, match="served no longer"):
        await client.cancel_task(CancelTaskRequest(id=task.id))
    assert service.tasks == [] and ASKED == ["ask"]


async def test_a_task_is_cancelled_for_good(client: Client, service: A2aService) -> None:
    at_once = SendMessageConfiguration(return_immediately=True)
    request = message("slow")
    request.configuration.CopyFrom(at_once)
    task = await sent(client, request)
    while not ASKED:
        await asyncio.sleep(0.01)
    found = await client.cancel_task(CancelTaskRequest(id=task.id))
    assert found.status.state == TaskState.TASK_STATE_CANCELED and service.tasks == []
    with pytest.raises(TaskNotCancelableError):
        await client.cancel_task(CancelTaskRequest(id=task.id))
    await service.stop()
    async with await serve_a2a(team) as again:
        assert again.tasks == []


async def test_what_was_stopped_goes_on_when_it_is_served_again(service: A2aService) -> None:
    remote = await a2a_agent(service.url)
    waiting = asyncio.ensure_future(remote("slow"))
    while not ASKED:
        await asyncio.sleep(0.01)
    port = int(service.url.rpartition(":")[2])
    await service.stop()
    async with await serve_a2a(team, port=port) as again:
        assert len(again.tasks) == 1
        async with asyncio.timeout(10):
            while len(ASKED) < 2:
                await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_tasks_are_listed_in_pages_and_a_context_goes_on(client: Client) -> None:
    tasks = [
        await sent(client, message(f"t{n}", f"l{n}", context_id="c" if n else "")) for n in range(3)
    ]
    assert "t1" in ASKED[2]  # It was told what was said before in its context.
    page = await client.list_tasks(ListTasksRequest(page_size=2))
    rest = await client.list_tasks(ListTasksRequest(page_size=2, page_token=page.next_page_token))
    assert [one.id for one in (*page.tasks, *rest.tasks)] == [one.id for one in tasks[::-1]]
    assert page.total_size == 3 and not rest.next_page_token and not page.tasks[0].artifacts
    in_context = await client.list_tasks(ListTasksRequest(context_id="c"))
    assert len(in_context.tasks) == 2
    got = await client.get_task(GetTaskRequest(id=tasks[0].id, history_length=0))
    assert not got.history and got.artifacts


async def test_the_older_protocol_is_spoken(service: A2aService) -> None:
    said = {"messageId": "o1", "role": "user", "parts": [{"kind": "text", "text": "old"}]}
    body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": said}}
    async with httpx.AsyncClient(trust_env=False) as http:
        card = (await http.get(f"{service.url}/.well-known/agent-card.json")).json()
        answer = (await http.post(service.url, json=body)).json()
    assert card["protocolVersion"] == "0.3" and card["url"]
    assert answer["result"]["status"]["state"] == "completed"
    assert answer["result"]["artifacts"][0]["parts"][0]["text"] == "heard old"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_a_page_of_another_origin_cannot_call(
    service: A2aService, headers: dict[str, str], status: int
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "ListTasks"}
        assert (await http.post(service.url, json=body, headers=headers)).status_code == status
        path = "/.well-known/agent-card.json"
        assert (await http.get(service.url + path, headers=headers)).status_code == status


async def test_each_caller_sees_his_own_tasks() -> None:
    tokens = {"ann": "a-token-that-is-long-enough", "ben": "another-that-is-long-enough"}
    async with await serve_a2a(team, token=tokens) as closed, httpx.AsyncClient() as http:
        path = "/.well-known/agent-card.json"
        assert (await http.get(closed.url + path)).status_code == 200
        for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": tokens["ann"]}):
            found = await http.post(closed.url, json={}, headers=wrong)
            assert found.status_code == 401 and found.headers["www-authenticate"] == "Bearer"
        ids: list[str] = []
        for who in ("ann", "ben"):
            sent_along = {"Authorization": f"Bearer {tokens[who]}"}
            async with httpx.AsyncClient(headers=sent_along, trust_env=False) as mine:
                config = ClientConfig(streaming=False, httpx_client=mine)
                one = await create_client(closed.url, config)
                ids.append((await sent(one, message("same", "same"))).id)
                assert len((await one.list_tasks(ListTasksRequest())).tasks) == 1
                if len(set(ids)) == 2:
                    with pytest.raises(TaskNotFoundError):
                        await one.get_task(GetTaskRequest(id=ids[0]))
        assert len(set(ids)) == 2


async def test_changes_are_told_to_hosts_that_were_allowed_and_no_others(client: Client) -> None:
    hook = TaskPushNotificationConfig(url="http://127.0.0.1:9/", token="t")
    request = message("pushed", "p0")
    request.configuration.task_push_notification_config.CopyFrom(hook)
    with pytest.raises(PushNotificationNotSupportedError):
        await sent(client, request)
    told: list[dict[str, Any]] = []

    async def heard(request: Request) -> Response:
        told.append({"token": request.headers["x-a2a-notification-token"], **await request.json()})
        return Response()

    with served(Starlette(routes=[Route("/hook", heard, methods=["POST"])])) as url:
        allowed = url.removeprefix("http://")
        async with await serve_a2a(team, push_hosts=[allowed]) as pushing, httpx.AsyncClient() as h:
            one = await create_client(pushing.url, ClientConfig(streaming=False, httpx_client=h))
            for wrong in ("http://127.0.0.1:9/", f"http://x@{allowed}/", "http://169.254.169.254/"):
                bad = message("pushed", f"p {wrong}")
                config = TaskPushNotificationConfig(url=wrong)
                bad.configuration.task_push_notification_config.CopyFrom(config)
                with pytest.raises(InvalidParamsError, match="not told to this address"):
                    await sent(one, bad)
            good = message("pushed", "p9")
            config = TaskPushNotificationConfig(url=f"{url}/hook", token="mine")
            good.configuration.task_push_notification_config.CopyFrom(config)
            await sent(one, good)
            async with asyncio.timeout(10):
                while not (told and "COMPLETED" in str(told[-1])):
                    await asyncio.sleep(0.01)
    assert {one["token"] for one in told} == {"mine"}


async def test_a_card_is_signed_and_a_signature_is_worth_what_it_is() -> None:
    key, other = SigningKey.new(), SigningKey.new()
    async with await serve_a2a(team, key=key) as signed:
        remote = await a2a_agent(signed.url, keys=[other.public, key.public])
        assert remote.signed == "valid" and (await remote("hi")).text == "heard hi"
        assert (await a2a_agent(signed.url)).signed == "unknown"
    card = remote.card
    assert [one.name for one in card.skills] == ["team", "clerk"]
    key.sign(card)
    assert judged(card, [key.public]) == "valid"
    assert judged(card, [key.public], lambda: 4e9) == "expired"
    assert judged(card, [key.public], lambda: 1e9) == "expired"  # It is not valid yet.
    assert judged(card, [other.public]) == "unknown"
    forged = {**other.public, "kid": key.public["kid"]}
    assert judged(card, [forged]) == "tampered"
    card.skills[0].description = "Ask me for anything."
    assert judged(card, [key.public]) == "tampered"
    card.signatures[0].protected = "e30"
    assert judged(card, [key.public]) == "tampered"
    del card.signatures[:]
    assert judged(card, [key.public]) == "unsigned"
    assert repr(key) == f"SigningKey({key.public['kid']})" and "d" not in key.public
