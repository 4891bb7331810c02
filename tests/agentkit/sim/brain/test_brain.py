"""The brain: it answers from what it is given, errs by temperament, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agentkit.sim.brain.responding import respond
from agentkit.sim.brain.schemas import LONGEST_READ, MOST_READ, READ, read_tool
from agentkit.sim.brain.temperaments import TEMPERAMENTS, UnknownTemperament, temperament, tokens
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool
from agentkit.sim.world import world
from tests.agentkit.sim.brain.talk import offer, talk
from tests.conftest import ROOT


def share_right(level: int, model: str, seed: int = 0, count: int = 60) -> float:
    """Return the share of a level's questions that a temperament answers rightly."""
    questions = world().questions_at(level)[:count]
    tools = world().functions()
    return sum(
        question.check(talk(question.text, *tools, model=model, seed=seed).text)
        for question in questions
    ) / len(questions)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_careful_answers_at_least_95_percent_of_every_level_in_every_wording(level: int) -> None:
    tools = world().functions()
    asked = [(q, text) for q in world().questions_at(level) for text in (q.text, *q.paraphrases)]
    wrong = [
        (text, question.answer, answer)
        for question, text in asked
        if not question.check(answer := talk(text, *tools).text)
    ]
    assert len(wrong) <= 0.05 * len(asked), wrong[:5]


def test_careful_does_as_well_in_a_world_it_was_not_written_with() -> None:
    tools = world(2024).functions()
    questions = [q for level in (1, 2, 3) for q in world(2024).questions_at(level)[::4]]
    right = sum(q.check(talk(q.text, *tools).text) for q in questions)
    assert right >= 0.95 * len(questions)


def test_hasty_errs_more_the_more_steps_a_question_has() -> None:
    one, two, three = (share_right(level, "sim:hasty", count=140) for level in (1, 2, 3))
    assert 0.55 < one < 0.9
    assert one - two > 0.04
    assert two - three > 0.1


def test_hasty_errs_in_other_places_with_another_seed_and_another_system_text() -> None:
    tools = world().functions()
    texts = [question.text for question in world().questions_at(2)[:30]]
    by_seed = [[talk(t, *tools, model="hasty", seed=seed).text for t in texts] for seed in (1, 2)]
    assert by_seed[0] != by_seed[1]
    named = [
        [talk(t, *tools, model="hasty", system=f"You are {name}.").text for t in texts]
        for name in ("Ann", "Bob")
    ]
    assert named[0] != named[1]
    assert by_seed[0] == [talk(t, *tools, model="hasty", seed=1).text for t in texts]


def test_a_tool_is_read_once_however_often_it_comes_and_a_changed_one_anew() -> None:
    def offered(text: str, name: str = "port") -> OfferedTool:
        schema = {"properties": {name: {"type": "string"}}, "required": [name]}
        return OfferedTool("dues", text, schema)

    assert read_tool(offered("Dues.")) is read_tool(offered("Dues."))
    assert read_tool(offered("Dues.", "ship")).required[0].name == "ship"
    assert read_tool(offered("Other dues.")).offer.description == "Other dues."
    long = "Dues. " * LONGEST_READ
    assert read_tool(offered(long)) is not read_tool(offered(long)), "what is long is not kept"
    for number in range(MOST_READ + 1):
        read_tool(offered(f"Dues of {number}."))
    assert len(READ) <= MOST_READ


def test_without_tools_or_passages_it_says_that_it_does_not_know() -> None:
    for question in world().questions_at(1)[:20]:
        text = talk(question.text).text
        assert "simulation" in text
        assert not question.check(text)


def test_it_answers_from_retrieved_passages_alone() -> None:
    search = world().tool("search")
    asked = [q for q in world().questions_at(1) if any(f.startswith("documents/") for f in q.facts)]
    right = sum(q.check(talk(q.text, search).text) for q in asked)
    assert right >= 0.85 * len(asked)


def test_it_reads_a_passage_in_the_prompt() -> None:
    context = "Context:\nThe warden of Elm is Ida Voss. The gate is 4 m wide.\n\n"
    assert "Ida Voss" in talk(f"{context}Question: Who is the warden of Elm?").text
    assert talk(f"{context}How wide is the gate?").text.endswith("4 m.")


def test_it_remembers_what_was_said_earlier_in_the_conversation() -> None:
    turns = [
        DialogTurn("user", "My name is Ada."),
        DialogTurn("assistant", "Hello."),
        DialogTurn("user", "What is my name?"),
    ]
    assert "Ada" in talk(turns).text


@pytest.mark.parametrize(
    ("question", "number"),
    [("What is 17 * 23 + 4?", 395), ("What is 12 plus 30 times 2?", 72),
     ("What is 15% of 240?", 36),
     ("Divide 90 by 4.", 22.5), ("Please compute 12.5 * 8", 100)],
)  # fmt: skip
def test_arithmetic_is_worked_out(question: str, number: float) -> None:
    assert talk(question).text.rstrip(".").endswith(f"{number:g}")


def test_a_calculator_is_used_where_one_is_offered() -> None:
    found = talk("What is (3 + 4) * 2?", world().tool("calculate"))
    assert found.calls == [("calculate", {"expression": "(3 + 4) * 2"})]
    assert found.text.endswith("14")


@pytest.mark.parametrize("greeting", ["Hello!", "Who are you?", "What can you do?", "thanks"])
def test_small_talk_says_honestly_what_this_is(greeting: str) -> None:
    text = talk(greeting).text
    assert "simulated endpoint" in text and "not a language model" in text


@pytest.mark.parametrize(
    ("system", "text"),
    [("Answer with the number only.", "42"),
     ("Write in upper case.", "THE DEPTH OF ELM IS 42 M."),
     ('Start every answer with "Ahoy,".', "Ahoy, The depth of Elm is 42 m."),
     ("Answer in at most 3 words.", "The depth of")],
)  # fmt: skip
def test_simple_orders_about_the_form_are_obeyed(system: str, text: str) -> None:
    assert talk("The depth of Elm is 42 m. How deep is Elm?", system=system).text == text


@pytest.mark.parametrize("prefix", ["", "sim:", "sim-"])
def test_every_temperament_is_known_with_and_without_prefix(prefix: str) -> None:
    for name, kind in TEMPERAMENTS.items():
        assert temperament(prefix + name) is kind
        assert kind.first_token_ms > 0 and kind.usd_per_million_out > 0


def test_an_unknown_model_is_refused_with_the_real_ones() -> None:
    with pytest.raises(UnknownTemperament, match="sim:careful, sim:hasty"):
        respond(BrainRequest("gpt-5", "", (DialogTurn("user", "Hello"),)))


@pytest.mark.parametrize(
    "text", ["", "   ", "?", "...", "\x00", "🙂🙂", "and", "of of of the", "((((", "a" * 5000,
             "1" * 500,
             "What is the the of in for 's?", "x: y: z:", "Which of?", "sum of and and", "1/0"],
)  # fmt: skip
def test_no_text_whatever_makes_it_fail(text: str) -> None:
    tools = world().functions()
    assert isinstance(talk(text, *tools).text, str)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    found = talk(text, *tools, schema=schema)
    assert found.text or found.refusal


def test_a_conversation_without_a_user_gets_a_reply() -> None:
    assert respond(BrainRequest("careful", "You are Bo.", ())).text


def test_tokens_are_about_a_quarter_of_the_bytes() -> None:
    assert (tokens(""), tokens("abcd"), tokens("abcde"), tokens("ä" * 4)) == (0, 1, 2, 2)


def test_the_reply_does_not_depend_on_the_process() -> None:
    code = (
        "from tests.agentkit.sim.brain.talk import talk; from agentkit.sim.world import world\n"
        "tools = world().functions()\n"
        "for level in (1, 2, 3):\n"
        "    for question in world().questions_at(level)[:12]:\n"
        "        print(talk(question.text, *tools, model='hasty').text)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
            cwd=ROOT, env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
    assert outputs.pop().count("\n") == 36


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["one of a, " * 5000, "vote, choose options: " + "A or B, " * 3000, "1+" * 5000 + "1",
     "(" * 3000 + "1" + ")" * 3000 + "?", "the dues of " * 3000 + "Amber?", "x" * 200_000,
     "What is" + " " * 50_000 + "x?", "\n- a: b" * 5000, '"' * 20_001, "ignore " * 20_000],
    ids=range(10),
)  # fmt: skip
def test_a_hostile_text_costs_seconds_at_most(text: str) -> None:
    offers = tuple(offer(tool) for tool in world().functions())
    say = respond(BrainRequest("careful", "", (DialogTurn("user", text),), offers))
    assert say.text or say.calls
