"""Tools for models that have none: what is asked of them, and what is made of what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentkit import Agent, tool
from agentkit.endpoints.connect import connect
from agentkit.endpoints.prompted.choosing import further, narrowed
from agentkit.endpoints.prompted.copying import numbers, parts, small_schema
from agentkit.endpoints.prompted.model import Prompted
from agentkit.endpoints.prompted.reading import AnswerVoice, understood
from agentkit.endpoints.prompted.shape import reply_schema
from agentkit.errors import Rejected, ReplyCut, SetupError
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import OnText, Options, Reply, Request, ToolSpec
from tests.fakes import ScriptedModel

TARIFF = ToolSpec(
    name="tariff",
    description="Harbour dues in EUR.",
    parameters={
        "type": "object",
        "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"}},
        "required": ["port", "tonnes"],
        "additionalProperties": False,
    },
)
WEATHER = ToolSpec(
    name="weather",
    description="The weather in a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "day": {"$ref": "#/$defs/Day"}},
        "required": ["city"],
        "$defs": {"Day": {"enum": ["today", "tomorrow"]}},
    },
)
ASKED = "What are the dues for 30 t in Amber?"
CALL = '{"calls": [{"tool": "tariff", "arguments": {"port": "Amber", "tonnes": 30}}]}'


def request(*more: Message, **changes: Any) -> Request:
    said = [Message(role="system", content="Be brief."), Message(role="user", content=ASKED), *more]
    given = {"thread": thread_of(said), "tools": (TARIFF, WEATHER), **changes}
    return Request(**given)


async def test_a_call_is_asked_for_by_a_schema_and_is_one_as_any_model_makes_it() -> None:
    inner = ScriptedModel(CALL)
    reply = await Prompted(inner)(request())
    assert reply.stop == "tools" and reply.text == ""
    (call,) = reply.calls
    assert call.name == "tariff" and json.loads(call.arguments) == {"port": "Amber", "tonnes": 30}
    (sent,) = inner.requests
    assert (
        sent.tools == () and "tariff(port: string, tonnes: number)" in sent.thread[0].message.text
    )
    check = Draft202012Validator(sent.output)
    assert check.is_valid(json.loads(CALL)) and check.is_valid({"answer": "no"})
    assert not check.is_valid(json.loads(CALL.replace("tariff", "tarif")))
    assert not check.is_valid(json.loads(CALL.replace("port", "prot")))


async def test_several_calls_come_in_one_reply_with_ids_of_their_own() -> None:
    calls = json.loads(CALL)["calls"] * 2
    reply = await Prompted(ScriptedModel(json.dumps({"calls": calls})))(request())
    assert len({call.id for call in reply.calls}) == 2
    again = await Prompted(ScriptedModel(json.dumps({"calls": calls})))(request())
    assert [one.id for one in again.calls] == [one.id for one in reply.calls]


async def test_no_call_is_an_answer_and_its_text_streams_without_the_json() -> None:
    pieces: list[str] = []
    said = '{"answer": "It costs 79.20 \\u20ac \\ud83d\\ude00.\\nNext?"}'
    reply = await Prompted(ScriptedModel(said))(request(), pieces.append)
    assert reply.stop == "stop" and reply.text == "It costs 79.20 € 😀.\nNext?" == "".join(pieces)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_an_answer_streams_whatever_the_pieces(size: int) -> None:
    text = 'a "quoted" \\ back\tslash\n€ 😀 end'
    whole, heard = json.dumps({"answer": text}), []
    voice = AnswerVoice(heard.append)
    for at in range(0, len(whole), size):
        voice(whole[at : at + size])
    assert "".join(heard) == text
    silent = AnswerVoice(heard.append)
    silent(CALL)
    assert not silent.begun


async def test_what_tools_returned_is_told_in_words() -> None:
    call = ToolCall(id="c1", name="tariff", arguments='{"port":"Amber","tonnes":30}')
    inner = ScriptedModel('{"answer": "79.2"}')
    await Prompted(inner)(
        request(
            Message(role="assistant", calls=(call,)),
            Message(role="tool", call_id="c1", content="79.2"),
            Message(role="tool", call_id="c1", content="no such port", error=True),
        )
    )
    *_, asked, told = [node.message for node in inner.requests[0].thread]
    assert json.loads(asked.text)["calls"][0]["tool"] == "tariff" and not asked.calls
    assert told.role == "user"
    assert told.text == "Results:\ntariff returned: 79.2\ntariff failed: no such port"


async def test_words_that_are_neither_are_sent_back_and_the_usage_adds_up() -> None:
    wrong = '{"calls": [{"tool": "tarif", "arguments": {}}]}'
    inner = ScriptedModel(wrong, "{", f"Sure!\n```json\n{CALL}\n```")
    reply = await Prompted(inner)(request())
    assert reply.calls[0].name == "tariff" and reply.usage.calls == 3
    assert "no tool 'tarif'" in inner.requests[1].thread[-1].message.text


async def test_prose_is_an_answer_and_after_the_last_repair_it_is_what_it_is() -> None:
    assert (await Prompted(ScriptedModel("Hello."))(request())).text == "Hello."
    reply = await Prompted(ScriptedModel("{", "{", "{"))(request())
    assert reply.text == "{" and not reply.calls


async def test_a_cut_call_is_never_performed() -> None:
    cut = Reply(message=Message(role="assistant", content=CALL[:40]), stop="length")
    agent = Agent("clerk", model=Prompted(ScriptedModel(cut)), tools=[tariff])
    with pytest.raises(ReplyCut, match="no tool was called"):
        await agent(ASKED)
    part = Reply(message=Message(role="assistant", content='{"answer": "It is 7'), stop="length")
    reply = await Prompted(ScriptedModel(part))(request())
    assert reply.text == "It is 7" and reply.stop == "length"


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 2.64 * tonnes


async def test_an_agent_does_not_notice_and_a_typed_answer_comes_too() -> None:
    inner = ScriptedModel(CALL, '{"answer": {"value": 79.2}}')
    answer = await Agent("clerk", model=Prompted(inner), tools=[tariff])(ASKED, output=float)
    assert answer.data == 79.2
    shape = reply_schema((TARIFF, WEATHER), inner.requests[1].output, False)
    Draft202012Validator.check_schema(shape)


async def test_a_choice_of_tools_is_kept() -> None:
    inner = ScriptedModel(CALL, '{"answer": "x"}', "plain")
    model = Prompted(inner)
    for choice in ("tariff", "auto", "none"):
        await model(request(options=Options(tool_choice=choice)))
    named, free, none = (one.output for one in inner.requests)
    assert not Draft202012Validator(named).is_valid({"answer": "x"})
    assert Draft202012Validator(free).is_valid({"answer": "x"}) and none is None
    assert all(one.options.tool_choice is None for one in inner.requests)
    with pytest.raises(SetupError, match="names no tool"):
        await model(request(options=Options(tool_choice="nothing")))


class Toolless(ScriptedModel):
    """Refuses tools, as Ollama does for a model without them."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        if request.tools:
            self.requests.append(request)
            raise Rejected("x", status=400, words='"llama2" does not support tools')
        return await super().__call__(request, on_text)


async def test_who_says_that_it_has_no_tools_is_asked_in_words_from_then_on() -> None:
    async def perhaps() -> bool:
        return True

    inner = Toolless(CALL, CALL)
    model = Prompted(inner, native=perhaps)
    before = model.settings
    for _ in range(2):
        assert (await model(request())).calls[0].name == "tariff"
    assert len(inner.requests) == 3 and model.settings == before


def test_connect_gives_tools_to_any_endpoint_and_the_request_is_another_one() -> None:
    plain = connect("x", base_url="http://127.0.0.1:1/v1")
    model = connect("x", base_url="http://127.0.0.1:1/v1", tools="prompted")
    assert isinstance(model, Prompted) and model.name == plain.name
    assert getattr(plain, "settings", None) != model.settings
    with pytest.raises(SetupError, match="tools="):
        connect("sim:careful", tools="none")  # type: ignore[arg-type]


def test_definitions_of_several_tools_do_not_meet() -> None:
    other = WEATHER.model_copy(update={"name": "tide"})
    shape = reply_schema((WEATHER, other), None, False)
    assert set(shape["$defs"]) == {"weather.Day", "tide.Day"}
    call = {"tool": "tide", "arguments": {"city": "Amber", "day": "never"}}
    assert not Draft202012Validator(shape).is_valid({"calls": [call]})
    call["arguments"] = {"city": "Amber", "day": "today"}
    assert Draft202012Validator(shape).is_valid({"calls": [call]})


def test_spellings_that_models_were_trained_on_are_understood() -> None:
    for text in (
        '{"name": "tariff", "arguments": {"port": "Amber"}}',
        '[{"name": "tariff", "parameters": {"port": "Amber"}}]',
        '<think>hm</think>I call {"tool": "tariff", "args": {"port": "Amber"}} now',
    ):
        assert understood(text, (TARIFF,), False).calls == (("tariff", {"port": "Amber"}),)


def test_a_request_is_clearly_about_a_tool_or_all_are_offered() -> None:
    assert [one.name for one in narrowed(ASKED, (WEATHER, TARIFF))] == ["tariff"]
    assert len(narrowed("Hello", (WEATHER, TARIFF))) == 2
    both = "Harbour dues at Amber, and the weather in the city?"
    assert [one.name for one in further(both, (TARIFF,), (WEATHER,))] == ["weather"]
    assert further(ASKED, (TARIFF,), (WEATHER,)) == ()


def test_a_small_model_can_only_copy_what_the_request_says() -> None:
    assert numbers("30 t, 1,200.5 and -4") == [30, 1200.5, -4]
    texts = [part.text for part in parts("Send Boris a mail, subject Lunch.")]
    assert (
        "Boris" in texts and "Lunch" in texts and "a" not in texts and "mail, subject" not in texts
    )
    check = Draft202012Validator(small_schema((TARIFF,), ASKED))
    assert check.is_valid({"tool": "tariff", "arguments": {"port": "Amber", "tonnes": 30}})
    assert not check.is_valid({"tool": "tariff", "arguments": {"port": "Bergen", "tonnes": 30}})
    assert not check.is_valid({"tool": "tariff", "arguments": {"port": "Amber", "tonnes": 31}})
    both = {"type": "object", "properties": {"to": {"type": "string"}, "about": {"type": "string"}}}
    mail = ToolSpec(name="mail", description="", parameters={**both, "required": ["to", "about"]})
    check = Draft202012Validator(small_schema((mail,), "Mail Boris, subject Lunch."))
    assert check.is_valid({"tool": "mail", "arguments": {"to": "Boris", "about": "Lunch"}})
    assert not check.is_valid({"tool": "mail", "arguments": {"to": "Lunch", "about": "Lunch"}})


async def test_a_small_model_calls_first_and_then_answers_from_the_results() -> None:
    call = {"tool": "tariff", "arguments": {"port": "Amber", "tonnes": 30}}
    inner = ScriptedModel(json.dumps(call), "79.2 EUR")
    agent = Agent("clerk", "Be brief.", model=Prompted(inner, tiny=True), tools=[tariff])
    answer = await agent(ASKED)
    assert answer.text == "79.2 EUR"
    assert inner.requests[1].output is None and inner.requests[1].tools == ()


async def test_a_small_model_is_told_results_below_its_question_and_not_its_calls() -> None:
    call = ToolCall(id="c1", name="tariff", arguments='{"port":"Amber","tonnes":30}')
    inner = ScriptedModel("79.2 EUR.")
    known = Message(role="tool", call_id="c1", content="79.2")
    failed = Message(role="tool", call_id="c2", content="no such day", error=True)
    reply = await Prompted(inner, tiny=True)(
        request(Message(role="assistant", calls=(call,)), known, failed, tools=(TARIFF,))
    )
    assert reply.text == "79.2 EUR."
    said = [node.message for node in inner.requests[0].thread]
    assert [one.role for one in said] == ["system", "user"]
    told = "Answer from this result: 79.2\nThat failed: no such day"
    assert said[1].text == f"{ASKED}\n{told}"
