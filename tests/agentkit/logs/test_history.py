"""A growing conversation costs its new messages, not its length, and reads back whole."""

import sqlite3

import pytest

from agentkit import Agent, Message, open_log, run
from agentkit.events import Noted
from agentkit.logs.bodies import nodes_json
from agentkit.messages import thread_of
from tests.fakes import ScriptedModel


def said(*texts):
    return thread_of(Message(role="user", content=text) for text in texts)


def test_a_chain_is_its_last_id_and_its_length():
    chain = said("a", "b", "c")
    assert nodes_json(chain) == [f'["{chain[-1].id}", 3]']
    assert nodes_json(chain[:1]) == [f'"{chain[0].id}"']
    assert nodes_json(()) == []


def test_nodes_of_two_conversations_are_two_parts():
    one, two = said("a", "b"), said("x")
    assert nodes_json((*one, *two)) == [f'["{one[-1].id}", 2]', f'"{two[0].id}"']


@pytest.fixture
def log(tmp_path):
    opened = open_log(f"sqlite:///{tmp_path}/log.db")
    yield opened
    opened.close()


async def conversation(log, turns):
    agent = Agent("talker", "You talk.", model=ScriptedModel(*["yes"] * turns))
    answer = None
    for turn in range(turns):
        answer = await agent(f"question {turn}", after=answer, log=log)
    return answer


async def test_a_long_conversation_reads_back_whole(log):
    answer = await conversation(log, 12)
    nodes = [node for event in log.read(answer.run_id) for node in event.nodes]
    assert tuple(nodes) == answer.thread


async def test_each_turn_of_a_conversation_takes_the_same_place(log):
    await conversation(log, 30)
    db = sqlite3.connect(log.path)
    sizes = [n for (n,) in db.execute("SELECT sum(length(body)) FROM events GROUP BY run")]
    db.close()
    # The numbers of questions grow by a digit; nothing else may.
    assert max(sizes[1:]) - min(sizes[1:]) < 20


async def test_a_message_of_a_new_conversation_is_stored_before_its_known_end(log):
    one, two = said("a", "b"), said("x", "y", "z")
    async with run("first", log=log) as first:
        first.emit(Noted, "", topic="t", nodes=one)
    async with run("second", log=log) as second:
        second.emit(Noted, "", topic="t", nodes=(*two, *one))
    assert [e.nodes for e in log.read(second.id) if e.nodes] == [(*two, *one)]
