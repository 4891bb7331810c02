"""An actor in a chat, as the official client library of the protocol talks with it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import acp
import pytest
from acp import schema
from acp.stdio import spawn_agent_process

from agentkit import open_log
from agentkit.cli import main
from agentkit.events import StepStarted
from agentkit.protocols.acp.command import one_in
from agentkit.protocols.acp.serving import LARGEST, Chatting
from tests.agentkit.protocols.official import PIXEL
from tests.conftest import ROOT

TEAM = '''
import asyncio
from agentkit import Agent, Context, Question, current_run, pattern, tool
from agentkit.testing import ScriptedModel, call

print("printed when it is imported")

@tool(approve=True)
def burn(ship: str) -> str:
    """Burn a ship."""
    print("printed by a tool")
    return f"{ship} is burnt"

@tool
async def name(context: Context[None]) -> str:
    """Ask for a name."""
    return await context.ask("Which ship?", default="nobody said")

clerk = Agent("clerk", "You are a clerk.", model=ScriptedModel("first", "second", "third"))
ship = call("burn", ship="Albatross")
burner = Agent("burner", model=ScriptedModel([ship], "done"), tools=[burn])
asker = Agent("asker", model=ScriptedModel([call("name")], "done"), tools=[name])

@pattern
async def team(task: str) -> str:
    """A team."""
    return "the team says " + (await clerk(task)).text

@pattern
async def slow(task: str) -> str:
    """Somebody slow."""
    await asyncio.sleep(60)
    return "late"

@pattern
async def broken(task: str) -> str:
    """Somebody broken."""
    raise ValueError("no")

@pattern
async def both(task: str) -> str:
    """Two who ask at once."""
    questions = [Question(text="Which ship?"), Question(text="Which dock?")]
    said = await asyncio.gather(*map(current_run().ask_person, questions))
    return " at ".join(said)
'''


class Chat(acp.Client):
    """A client that keeps what it is told."""

    def __init__(self, choice: str | None = "yes") -> None:
        self.choice, self.told, self.asked = choice, list[Any](), list[Any]()

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.told.append(update)

    async def request_permission(
        self, session_id: str, tool_call: Any, options: Any, **_: Any
    ) -> schema.RequestPermissionResponse:
        self.asked.append((tool_call, options))
        outcome: Any = schema.DeniedOutcome(outcome="cancelled")
        if self.choice is not None:
            outcome = schema.AllowedOutcome(outcome="selected", option_id=self.choice)
        return schema.RequestPermissionResponse(outcome=outcome)

    def said(self, kind: str = "agent_message_chunk") -> str:
        chunks = [one for one in self.told if one.session_update == kind]
        return "".join(one.content.text for one in chunks)

    def of(self, kind: str) -> list[Any]:
        return [one for one in self.told if one.session_update == kind]


@contextlib.asynccontextmanager
async def in_a_process(folder: Path, name: str, chat: Chat) -> AsyncIterator[Any]:
    """An agent that `agentkit acp` serves."""
    words = ["-m", "agentkit", "acp", f"{folder}/port.py:{name}", "--log", f"{folder}/log.db"]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    async with spawn_agent_process(chat, sys.executable, *words, env=env, cwd=folder) as (agent, _):
        yield agent


@contextlib.asynccontextmanager
async def here(folder: Path, name: str, chat: Chat) -> AsyncIterator[Any]:
    """The same in this process, over a pair of sockets."""
    log = open_log(f"{folder}/log.db")
    chatting = Chatting(one_in(f"{folder}/port.py:{name}"), log)
    (client_in, client_out), (agent_in, agent_out) = [
        await asyncio.open_connection(sock=one, limit=LARGEST) for one in socket.socketpair()
    ]
    agent: Any = chatting
    serving = asyncio.create_task(acp.run_agent(agent, agent_out, agent_in))
    connection = acp.connect_to_agent(chat, client_out, client_in)
    try:
        yield connection
    finally:
        await connection.close()
        client_out.close()
        await serving
        await chatting.close()
        agent_out.close()


@pytest.fixture(params=[here, pytest.param(in_a_process, marks=pytest.mark.protocols)])
def chatting(request: pytest.FixtureRequest) -> Any:
    """Opens a session with an actor that is served."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path, name: str, chat: Chat) -> AsyncIterator[tuple[Any, str]]:
        (folder / "port.py").write_text(TEAM)
        async with asyncio.timeout(60), request.param(folder, name, chat) as agent:
            hello = await agent.initialize(protocol_version=acp.PROTOCOL_VERSION)
            assert hello.protocol_version == 1 and hello.agent_info.name == name
            session = await agent.new_session(cwd=str(folder), mcp_servers=[])
            yield agent, session.session_id

    return opened


@contextlib.asynccontextmanager
async def loaded(folder: Path, name: str, chat: Chat, session: str) -> AsyncIterator[Any]:
    """A conversation that another process held, told again to this client."""
    async with asyncio.timeout(60), here(folder, name, chat) as agent:
        hello = await agent.initialize(protocol_version=acp.PROTOCOL_VERSION)
        assert hello.agent_capabilities.load_session
        await agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        yield agent


def text(words: str) -> list[Any]:
    return [acp.text_block(words)]


async def test_an_agent_talks_and_remembers_the_conversation(chatting: Any, tmp_path: Path) -> None:
    chat = Chat()
    async with chatting(tmp_path, "clerk", chat) as (agent, session):
        done = await agent.prompt(session_id=session, prompt=text("Hello"))
        assert done.stop_reason == "end_turn" and chat.said() == "first"
        image = acp.image_block(base64.b64encode(PIXEL).decode(), "image/png")
        await agent.prompt(session_id=session, prompt=[*text("And this?"), image])
        assert chat.said() == "firstsecond"
        with pytest.raises(acp.RequestError, match="is empty"):
            await agent.prompt(session_id=session, prompt=text("  "))
        with pytest.raises(acp.RequestError, match="no session"):
            await agent.prompt(session_id="other", prompt=text("Hello"))
    log = open_log(str(tmp_path / "log.db"))
    runs = log.runs()
    assert [info.status for info in runs] == ["ok", "ok"]
    assert runs[1].id == done.field_meta["jupyter-agentkit/run"]
    asked = next(e for e in log.read(runs[0].id) if isinstance(e, StepStarted))
    head = asked.request["head"]  # type: ignore[index,call-overload]
    nodes = {n.id: n for info in runs for e in log.read(info.id) for n in e.nodes}
    words = []
    while head is not None:
        words.append(nodes[head].message.text)
        head = nodes[head].parent
    assert "Hello" in words and "first" in words
    log.close()


async def test_a_team_tells_its_answer_and_the_words_of_others_as_thoughts(
    chatting: Any, tmp_path: Path
) -> None:
    chat = Chat()
    async with chatting(tmp_path, "team", chat) as (agent, session):
        await agent.prompt(session_id=session, prompt=text("Hello"))
        assert chat.said() == "the team says first"
        assert chat.said("agent_thought_chunk") in ("", "\nclerk: first")


@pytest.mark.parametrize("choice", ["yes", "no", None])
async def test_a_person_is_asked_by_the_client_before_a_tool_acts(
    chatting: Any, tmp_path: Path, choice: str | None
) -> None:
    chat = Chat(choice)
    async with chatting(tmp_path, "burner", chat) as (agent, session):
        await agent.prompt(session_id=session, prompt=text("Burn it"))
    call, options = chat.asked[0]
    assert "burn" in call.title and {one.option_id for one in options} >= {"yes", "no"}
    assert call.raw_input == {"ship": "Albatross"}
    results = [one.content[0].content.text for one in chat.of("tool_call_update")]
    assert (results == ["Albatross is burnt"]) is (choice == "yes")
    assert chat.said() == "done"


async def test_a_question_in_words_is_answered_by_the_next_prompt(
    chatting: Any, tmp_path: Path
) -> None:
    chat = Chat()
    async with chatting(tmp_path, "asker", chat) as (agent, session):
        first = await agent.prompt(session_id=session, prompt=text("Go"))
        assert first.stop_reason == "end_turn" and chat.said().endswith("Which ship?")
        await agent.prompt(session_id=session, prompt=text("Albatross"))
        assert chat.said().endswith("done")
        assert chat.of("tool_call_update")[0].content[0].content.text == "Albatross"
        assert len(chat.of("tool_call")) == 1


async def test_questions_in_words_that_come_at_once_are_answered_one_by_one(
    chatting: Any, tmp_path: Path
) -> None:
    chat = Chat()
    async with chatting(tmp_path, "both", chat) as (agent, session):
        for words in ("Go", "Heron", "three"):
            await agent.prompt(session_id=session, prompt=text(words))
    assert chat.said() == "\n\nWhich ship?\n\nWhich dock?Heron at three"


async def test_a_prompt_is_cancelled_and_a_failure_is_a_typed_error(
    chatting: Any, tmp_path: Path
) -> None:
    chat = Chat()
    async with chatting(tmp_path, "slow", chat) as (agent, session):
        asking = asyncio.ensure_future(agent.prompt(session_id=session, prompt=text("Go")))
        log = open_log(str(tmp_path / "log.db"), write=False)
        while not log.runs():
            await asyncio.sleep(0.05)
        with pytest.raises(acp.RequestError, match="still at work"):
            await agent.prompt(session_id=session, prompt=text("Again"))
        await agent.cancel(session_id=session)
        assert (await asking).stop_reason == "cancelled"
        assert log.runs()[0].status == "cancelled"
        log.close()
    async with chatting(tmp_path, "broken", chat) as (agent, session):
        with pytest.raises(acp.RequestError):
            await agent.prompt(session_id=session, prompt=text("Go"))
        with pytest.raises(acp.RequestError):  # And it goes on working.
            await agent.prompt(session_id=session, prompt=text("Go"))


async def test_a_conversation_goes_on_in_another_process(chatting: Any, tmp_path: Path) -> None:
    async with chatting(tmp_path, "clerk", Chat()) as (agent, session):
        image = acp.image_block(base64.b64encode(PIXEL).decode(), "image/png")
        await agent.prompt(session_id=session, prompt=[*text("Hello"), image])
        other = await agent.new_session(cwd=str(tmp_path), mcp_servers=[])
        await agent.prompt(session_id=other.session_id, prompt=text("Of another conversation"))
    chat = Chat()
    async with loaded(tmp_path, "clerk", chat, session) as agent:
        told = [one.content for one in chat.told]
        assert [one.type for one in told] == ["text", "image", "text"]
        assert told[0].text == "Hello" and base64.b64decode(told[1].data) == PIXEL
        assert told[2].text == "first" and chat.of("user_message_chunk") == chat.told[:2]
        await agent.prompt(session_id=session, prompt=text("And then?"))
        with pytest.raises(acp.RequestError, match="no session"):
            await agent.load_session(cwd="/", session_id="other", mcp_servers=[])
    log = open_log(str(tmp_path / "log.db"))
    last = log.runs()[0]
    words = [node.message.text for event in log.read(last.id) for node in event.nodes]
    assert "first" in words and any("Hello" in one for one in words)
    assert "Of another conversation" not in words
    log.close()


async def test_what_was_done_and_asked_in_a_conversation_is_told_again(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(TEAM)
    sessions: dict[str, tuple[str, Chat]] = {}
    for name in ("burner", "asker", "team", "broken"):
        chat = Chat()
        async with here(tmp_path, name, chat) as agent:
            session = (await agent.new_session(cwd=str(tmp_path), mcp_servers=[])).session_id
            with contextlib.suppress(acp.RequestError):
                await agent.prompt(session_id=session, prompt=text("Go"))
                if name == "asker":
                    await agent.prompt(session_id=session, prompt=text("Albatross"))
        sessions[name] = session, chat
    for name, (session, before) in sessions.items():
        chat = Chat()
        async with loaded(tmp_path, name, chat, session):
            asked = [one.content.text for one in chat.of("user_message_chunk")]
            assert asked == (["Go", "Albatross"] if name == "asker" else ["Go"])
            for kind in ("tool_call", "tool_call_update"):
                assert chat.of(kind) == before.of(kind)
            if name == "broken":
                assert chat.said() == "[It failed: ValueError: no]"
            else:
                assert chat.said() == before.said()
    with pytest.raises(acp.RequestError, match="no session"):
        async with loaded(tmp_path, "team", Chat(), sessions["burner"][0]):
            pass


def test_what_is_no_actor_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.py").write_text("x = 1\n")
    assert main(["acp", f"{tmp_path}/odd.py:x"]) == 2
    assert "is no actor to talk with" in capsys.readouterr().err
