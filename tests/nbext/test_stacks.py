from __future__ import annotations

from agentkit.agent import Agent
from agentkit.endpoints.connect import connect
from agentkit.reliability import shared
from nbext.stacks import guarded, stacks


def test_the_stack_of_each_model_in_use_is_told_once_from_the_outside_in() -> None:
    shared.forget()
    model = connect("sim:careful", fallback=["sim:hasty"], limit=60, breaker=3)
    actors = {name: Agent(name, model=model) for name in ("a", "b")}
    table = stacks({**actors, "plain": Agent("plain")})
    assert [row[1] for row in table.rows] == [
        "fallback", "retry", "breaker", "limit", "falls back to",
    ]  # fmt: skip
    assert table.rows[0][0] == "sim:careful (a, b)" and table.rows[2][3] == "closed"
    assert "60 requests/min" in repr(table)


def test_models_with_retries_alone_need_no_table() -> None:
    plain = {"plain": Agent("plain"), "bare": Agent("bare", model=connect(retries=0))}
    assert not stacks(plain).rows and not guarded(plain)


def test_the_stack_of_a_model_whose_tools_are_told_in_words_is_shown() -> None:
    model = connect("ollama:llama3.2", concurrency=2, fallback=["sim:careful"])
    table = stacks({"clerk": Agent("clerk", model=model)})
    assert [row[1] for row in table.rows] == ["fallback", "retry", "concurrency", "falls back to"]
    assert table.rows[-1][2:] == ("sim:careful", "retry")
