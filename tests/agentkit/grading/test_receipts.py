"""A call in a log counts where the gateway's receipt fits it; whatever else is written does not."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from agentkit import Agent, connect, gather, open_log, tool
from agentkit.errors import SetupError
from agentkit.grading.gateway import ASK, Gateway, ReceiptBook
from agentkit.grading.receipting import main, secret_of
from agentkit.grading.receipts import CallReceipt, ReceiptCheck, checked, student_key, student_of
from agentkit.log import Log
from agentkit.model import OnText, Reply, Request
from agentkit.protocols.quiet import Quiet
from agentkit.sim import server as sim

SECRET = b"s" * 32


@tool(effect="pure")
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@contextlib.asynccontextmanager
async def gateway(book: ReceiptBook) -> AsyncIterator[str]:
    """A gateway before a simulated endpoint; its address."""
    behind = await asyncio.to_thread(sim.start, speed=0)
    made = Gateway(book, f"{behind.url}/v1", lambda student: None)
    config = uvicorn.Config(made.app(), port=0, log_config=None, lifespan="off", ws="none")
    server = Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task
        await made.close()
        await asyncio.to_thread(behind.stop)


class Edited:
    """A model whose words are changed before they are recorded."""

    def __init__(self, model: Any, edit: Callable[[Reply], Reply]) -> None:
        self.model, self.edit, self.name = model, edit, model.name

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        return self.edit(await self.model(request, on_text))


def other_words(reply: Reply) -> Reply:
    return reply.model_copy(update={"message": reply.message.model_copy(update={"content": "43."})})


def other_model(reply: Reply) -> Reply:
    return reply.model_copy(update={"model": "sim:hasty"})


def fewer_tokens(reply: Reply) -> Reply:
    return reply.model_copy(update={"usage": reply.usage.model_copy(update={"tokens_in": 1})})


def worked(tmp_path: Path, work: Callable[[Any, Log], Any]) -> tuple[Log, list[str]]:
    """A log of ana's work with a model behind the gateway, and her receipts."""
    book = ReceiptBook(tmp_path / "book.jsonl", SECRET)
    log = open_log(f"sqlite:///{tmp_path}/ana.db")

    async def go() -> list[str]:
        async with gateway(book) as url:
            key = student_key(SECRET, "ana")
            model = connect("openai:sim:careful", base_url=f"{url}/v1", api_key=key)
            await work(model, log)
            async with httpx.AsyncClient(base_url=url) as client:
                told = await client.get("/receipts", headers={"authorization": f"Bearer {key}"})
                assert (await client.get("/receipts")).status_code == 401
                others = {"authorization": f"Bearer {student_key(SECRET, 'ben')}"}
                assert (await client.get("/receipts", headers=others)).text == ""
        return told.text.splitlines()

    return log, asyncio.run(go())


def verdict(
    log: Log, told: list[str], student: str = "ana", secret: bytes = SECRET
) -> ReceiptCheck:
    return checked(log, told, secret, student)


async def honest(model: Any, log: Log) -> None:
    clerk = Agent("clerk", "Use tools.", model=model, tools=[double])
    await clerk("Use the tool to double 21.", log=log)
    async for _ in clerk.stream("Use the tool to double 4.", log=log):
        pass
    tasks = [f"Use the tool to double {n} and {n + 1}." for n in (5, 7)]
    await gather(*[clerk(one, log=log) for one in tasks])


def test_every_call_of_honest_work_is_signed_and_no_changed_receipt_counts(tmp_path: Path) -> None:
    log, told = worked(tmp_path, honest)
    found = verdict(log, told)
    assert found.whole and found.signed == len(told) >= 8 and found.spare == 0, str(found)
    assert "double" not in "".join(told)  # digests, no words
    one = json.loads(told[0])
    for name, value in one.items():
        other = {**one, name: value + 1 if isinstance(value, int | float) else f"{value}x"}
        changed = verdict(log, [json.dumps(other), *told[1:]])
        assert len(changed.refused) == 1 and len(changed.bare) == 1, name
    for lines, refused in (
        ([], 0), (["{", "[]", *told[1:]], 2), ([told[1], *told[1:]], 1),
    ):  # fmt: skip
        found = verdict(log, lines)
        assert found.bare and len(found.refused) == refused
    assert len(verdict(log, told, student="ben").refused) == len(told)
    assert len(verdict(log, told, secret=b"t" * 32).refused) == len(told)


@pytest.mark.parametrize("edit", [other_words, other_model, fewer_tokens])
def test_a_reply_that_was_changed_has_no_receipt(
    tmp_path: Path, edit: Callable[[Reply], Reply]
) -> None:
    async def work(model: Any, log: Log) -> None:
        await Agent("clerk", "Answer.", model=Edited(model, edit))("What is 6 * 7?", log=log)

    log, told = worked(tmp_path, work)
    found = verdict(log, told)
    assert (found.signed, len(found.bare), found.spare) == (0, 1, 1), str(found)


def test_what_was_asked_otherwise_and_what_was_never_asked_has_none(tmp_path: Path) -> None:
    async def work(model: Any, log: Log) -> None:
        first = await Agent("clerk", "Answer.", model=model)("What is 6 * 7?", log=log)

        async def again(request: Request, on_text: OnText | None = None) -> Reply:
            return Reply(message=first.thread[-1].message, usage=first.usage, model="sim:careful")

        again.name = "sim:careful"  # type: ignore[attr-defined]
        # The same reply to another question, and the same call once more without asking anybody.
        await Agent("clerk", "Answer.", model=again)("What is 6 * 8?", log=log)
        await Agent("clerk", "Answer.", model=again)("What is 6 * 7?", log=log)
        await Agent("clerk", "Answer.", model=again, tools=[double])("What is 6 * 7?", log=log)

    log, told = worked(tmp_path, work)
    found = verdict(log, told)
    assert (found.signed, len(found.bare), found.spare) == (1, 3, 0), str(found)


def test_steps_taken_from_a_signed_run_are_told_apart(tmp_path: Path) -> None:
    async def work(model: Any, log: Log) -> None:
        clerk = Agent("clerk", "Use tools.", model=model, tools=[double])
        first = await clerk("Use the tool to double 21.", log=log)
        await clerk.rerun(first.run_id, log=log)

    found = verdict(*worked(tmp_path, work))
    assert found.whole and (found.signed, found.reused) == (2, 2), str(found)


def test_the_gateway_gives_nothing_unsigned(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []

    def endpoint(request: httpx.Request) -> httpx.Response:
        sent.append({**json.loads(request.content), "key": request.headers.get("authorization")})
        return httpx.Response(200, json={"choices": []})

    book = ReceiptBook(tmp_path / "book.jsonl", SECRET)
    made = Gateway(
        book, "http://up/v1", lambda name: f"sk-{name}", transport=httpx.MockTransport(endpoint)
    )

    async def go() -> None:
        there = httpx.ASGITransport(made.app())
        async with httpx.AsyncClient(transport=there, base_url="http://gateway") as client:
            ana = {"authorization": f"Bearer {student_key(SECRET, 'ana')}"}
            for key in ("", "Bearer ana.0", f"Bearer {student_key(b't' * 32, 'ana')}", "Bearer é"):
                head = [(b"authorization", key.encode())]
                told = await client.post(f"/v1{ASK}", json={}, headers=head)
                assert told.status_code == 401
            bodies: list[bytes] = [
                b"",
                b"[]",
                b"{",
                b"[" * 100_000,
                b'{"messages": 3}',
                b'{"messages": [{"role": "user", "content": "\\ud800"}]}',  # as UTF-8 has none
                b'{"messages": [{"role": "user", "content": NaN}]}',
                b"x" * 17_000_000,
            ]
            for body in bodies:
                told = await client.post(f"/v1{ASK}", content=body, headers=ana)
                assert told.status_code == 400
            for path in ("/v1/responses", "/v1/messages", "/sim/faults", "/v1/embeddings"):
                assert (await client.post(path, json={}, headers=ana)).status_code == 404
            assert sent == []
            odd = '{"messages": [1, {"tool_calls": [3]}], "messages": [2, {"tool_calls": 4}]}'
            await client.post(f"/v1{ASK}", content=odd, headers=ana)
        await made.close()

    asyncio.run(go())
    # One body for both: of a key that stands there twice only what was read is passed on.
    assert sent[0]["messages"][0] == 2 and sent[0]["key"] == "Bearer sk-ana"
    assert book.read() == []  # what no client can read is no reply


def test_a_book_goes_on_after_a_crash_and_not_under_another_secret(tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    one = CallReceipt(
        n=7, at=1.0, student="ana", model="m", asked="a", tools="", reply="r", tokens_in=1,
        tokens_out=1,
    ).signed(SECRET)  # fmt: skip
    path.write_text(f'{one.model_dump_json()}\n{{"n": 8, "at"')
    assert ReceiptBook(path, SECRET).n == 7
    with path.open("a") as file:
        file.write(one.model_dump_json() + "\n")
    assert len(ReceiptBook(path, SECRET).read("ana")) == 2
    with pytest.raises(SetupError, match="another secret"):
        ReceiptBook(path, b"t" * 32)


def test_keys_follow_from_names_and_belong_to_one(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "secret"
    assert main(["key", "ana", "b.en", "--secret", str(path)]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    secret = secret_of(path)
    assert rows[0] == ["name", "key"] and path.stat().st_mode & 0o77 == 0
    assert [student_of(secret, key) for _, key in rows[1:]] == ["ana", "b.en"]
    assert student_of(secret, rows[1][1].replace("ana", "cleo")) == ""
    there = ["--secret", str(path)]
    absent = ["check", "none.db", "none", *there, "--student", "ana"]
    for words in (["key", "a b", *there], ["none"], absent):
        with pytest.raises(SetupError):
            main(words)


def test_the_command_says_how_far_a_log_can_be_believed(tmp_path: Path, capsys: Any) -> None:
    log, told = worked(tmp_path, honest)
    log.close()
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "receipts").write_text("\n".join(told))
    words = ["check", str(tmp_path / "ana.db"), str(tmp_path / "receipts"),
             "--secret", str(tmp_path / "secret"), "--student", "ana"]  # fmt: skip
    assert main(words) == 0
    assert f"{len(told)} of {len(told)} calls signed" in capsys.readouterr().out
    (tmp_path / "receipts").write_text("\n".join(told[1:]))
    assert main(words) == 1
    assert "no receipt: run" in capsys.readouterr().out
