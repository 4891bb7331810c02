"""The simulated model in worlds of a reader's own: a tool's value, or that it cannot."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from tests.agentkit.sim.brain import worlds, worlds_of_records, worlds_of_words
from tests.agentkit.sim.brain.talk import talk
from tests.agentkit.sim.brain.worlds import WORLDS, Case, SmallWorld, Value

HONEST = re.compile(
    r"\b(?:cannot|can't|could not|couldn't|do not know|don't know|unable|nothing)\b", re.IGNORECASE
)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")


def numbers(text: str) -> set[float]:
    """Return the numbers in a text."""
    return {float(one.replace(",", "")) for one in NUMBER.findall(text)}


def holds(text: str, value: Value) -> bool:
    """Return whether an answer gives a value."""
    if isinstance(value, bool):
        return text.casefold().startswith("yes" if value else "no")
    if isinstance(value, int | float):
        return any(abs(one - value) < 1e-9 for one in numbers(text))
    return value is not None and str(value).casefold() in text.casefold()


def objection(case: Case, world: SmallWorld, model: str = "sim:careful") -> str:
    """Return what is wrong with the answer to a case, or nothing."""
    told: set[float] = numbers(f"{case.question} {world.system}")

    def heard(tool: Any) -> Any:
        def call(**arguments: Any) -> Any:
            try:
                found = tool(**arguments)
            except Exception as error:
                told.update(numbers(str(error)))
                raise
            told.update(numbers(str(found)))
            return found

        call.__name__, call.__doc__ = tool.__name__, tool.__doc__
        call.__annotations__, call.__wrapped__ = tool.__annotations__, tool  # type: ignore[attr-defined]
        return call

    text = talk(case.question, *map(heard, world.tools), model=model, system=world.system).text
    values = case.right if isinstance(case.right, tuple) else (case.right,)
    right = any(holds(text, value) for value in values)
    honest = bool(HONEST.search(text))
    allowed = told | {float(v) for v in values if isinstance(v, int | float)}
    foreign = {one for one in numbers(text) if all(abs(one - a) > 1e-9 for a in allowed)}
    instructions = [one for one in world.system.rstrip(".").split(". ") if len(one) > 5]
    if any(one.casefold() in text.casefold() for one in instructions):
        return f"its instructions: {text!r}"
    if foreign and not worked_out(text, allowed):
        return f"a number that nobody told: {text!r}"
    if right or (honest and not case.must):
        return ""
    return f"{'not answered' if honest else 'wrong'}: {text!r}"


def worked_out(text: str, allowed: set[float]) -> bool:
    """Return whether the text shows how its other numbers follow."""
    return "=" in text


assert worlds_of_words and worlds_of_records, "their worlds add themselves"
CASES = [
    pytest.param(case, world, id=f"{world.name}: {case.question}")
    for world in WORLDS
    for case in world.cases
]


@pytest.mark.parametrize(("case", "world"), CASES)
def test_the_tools_value_is_given_or_that_it_is_not_known(case: Case, world: SmallWorld) -> None:
    assert objection(case, world) == ""


class Quote(BaseModel):
    fruit: str
    count: int
    total_eur: float


class Wishes(BaseModel):
    fruit: str | None = None
    count: int | None = None
    total_eur: float | None = None


class Stock(BaseModel):
    fruit: str
    stock: int


class Person(BaseModel):
    name: str
    age: int


class Prices(BaseModel):
    price_eur: float
    total_price_eur: float


class Rating(BaseModel):
    rating: int = Field(ge=1, le=5)


class Mood(BaseModel):
    mood: Literal["happy", "sad"]


class Open(BaseModel):
    open: bool


class Book(BaseModel):
    title: str
    author: str
    year: int
    pages: int | None = None


class Books(BaseModel):
    books: list[Book]


NOTHING_SAID = ["Hello there", "Who are you?", "Quote me some plums.", "Give me 5 minutes."]


@pytest.mark.parametrize("model", [Quote, Stock, Person, Prices, Rating, Mood, Open])
@pytest.mark.parametrize(
    "question", [*NOTHING_SAID, "How many suppliers does the shop have?", "When do you open?"]
)
def test_a_form_of_which_nothing_is_said_is_refused(model: type[BaseModel], question: str) -> None:
    found = talk(question, worlds.stock, worlds.price, schema=model.model_json_schema())
    assert found.text == "" and found.refusal.startswith("I cannot fill this form")


class Cheaper(BaseModel):
    cheaper: Literal["lamp", "desk"]


class Priced(BaseModel):
    value: float
    unit: str


class Meeting(BaseModel):
    title: str
    day: date


class Imprint(BaseModel):
    author: str
    publisher: str
    country: str


@pytest.mark.parametrize(
    ("question", "model"),
    [
        ("What do 3 lamps cost?", Priced),
        ("Which is cheaper, a lamp or a desk?", Cheaper),
        ("When is the meeting?", Meeting),
    ],
)
def test_no_number_or_choice_of_the_question_fills_a_form(
    question: str, model: type[BaseModel]
) -> None:
    assert talk(question, schema=model.model_json_schema()).refusal


def test_an_answer_goes_into_the_field_that_asks_for_it_alone() -> None:
    def author(book: str) -> str:
        """Author of a book."""
        return "Frank Herbert"

    schema = Imprint.model_json_schema()
    filled = json.loads(talk("Who is the author of Dune?", author, schema=schema).text)
    assert filled == {"author": "Frank Herbert", "publisher": "unknown", "country": "unknown"}
    told = "The meeting is on 2026-03-04. When is the meeting?"
    filled = json.loads(talk(told, schema=Meeting.model_json_schema()).text)
    assert filled == {"title": "unknown", "day": "2026-03-04"}


def test_what_is_counted_has_to_be_said() -> None:
    told = "You sell lamps in 3 shops."
    text = talk("How many customers does the shop have?", system=told).text
    assert HONEST.search(text) and not numbers(text)


def test_nothing_to_combine_is_no_failure() -> None:
    for question in ("And both together?", "sum of", "the difference between and"):
        assert HONEST.search(talk(question).text)


@pytest.mark.parametrize("question", NOTHING_SAID)
def test_a_form_that_may_be_empty_is_left_empty(question: str) -> None:
    found = talk(question, worlds.stock, schema=Wishes.model_json_schema())
    assert Wishes.model_validate_json(found.text) == Wishes()


STOCK = "What is the stock of plum?"
CARD = {"title": "Dune", "author": "Frank Herbert", "year": 1965, "pages": None}


@pytest.mark.parametrize(
    ("question", "model", "filled"),
    [
        (STOCK, Stock, {"fruit": "plum", "stock": 40}),
        (STOCK, Wishes, {"fruit": "plum", "count": None, "total_eur": None}),
        (STOCK, Quote, None),
        (STOCK, Person, None),
        (STOCK, Prices, None),
        (STOCK, Rating, None),
        ("What is the price of an apple?", Prices, None),
        ("4 plums cost 0.8 EUR in total.", Wishes, {"fruit": None, "count": None,
                                                    "total_eur": 0.8}),
        ("Ida is 9 years old. How old is Ida?", Person, {"name": "Ida", "age": 9}),
        ("Ida is 9 years old. How old is Ida?", Quote, None),
        ("Who is the author of Dune?", Book, CARD),
        ("Who is the author of Ulysses?", Book, None),
        ("Which are all books by Jane Austen?", Book, None),
        ("Which are all books by Jane Austen?", Books, {"books": [
            {"title": row["title"], "author": row["author"], "year": row["year"], "pages": None}
            for row in worlds.BOOKS[1:]]}),
    ],
)  # fmt: skip
def test_a_field_gets_what_its_name_asks_for_and_no_other_number(
    question: str, model: type[BaseModel], filled: dict[str, Any] | None
) -> None:
    tools = (worlds.stock, worlds.price, worlds.book, worlds.books_by)
    found = talk(question, *tools, schema=model.model_json_schema())
    assert (json.loads(found.text) if found.text else None) == filled


def test_the_instructions_are_no_facts() -> None:
    told = "You know 9 plums. Count 3 times. Your answer has at most 2 sentences."
    for question in ("How many plums are there?", "Count the plums.", "How many times?"):
        text = talk(question, worlds.broken, system=told).text
        assert HONEST.search(text) and not numbers(text)


def test_a_wish_is_no_fact() -> None:
    text = talk("I need 7 plums. How many plums are there?", worlds.broken).text
    assert HONEST.search(text) and not numbers(text)


def test_an_action_is_not_performed_for_a_question() -> None:
    questions = ("How far is it from A-17 to B-20?", "What is the fee from A-17 to B-20?")
    assert [talk(one, worlds.transfer).calls for one in questions] == [[], []]


@pytest.mark.parametrize("value", [0.0375, 1234.56789, 1e-7, 12345678901234, -0.5, 0.1 + 0.2])
def test_a_tools_number_is_said_with_all_its_digits(value: float) -> None:
    def rate(currency: str) -> float:
        """Rate of a currency."""
        return value

    text = talk("What is the rate of NOK?", rate).text
    assert abs(max(numbers(text), key=abs) - value) <= 1e-12 * abs(value)


def test_two_that_have_the_most_are_both_named() -> None:
    def players(team: str) -> list[dict[str, Any]]:
        """All players of a team."""
        return [{"age": 9, "name": "Ida"}, {"age": 9, "name": "Max"}, {"age": 8, "name": "Zoe"}]

    text = talk("Which of all players in Lions has the highest age?", players).text
    assert "Ida and Max" in text


def test_a_code_is_not_taken_for_a_similar_one() -> None:
    def balance(account: str) -> float:
        """Balance of an account in EUR."""
        if account != "A-17":
            raise ValueError(f"There is no account {account!r}. Known: A-17.")
        return 55.5

    found = talk("What is the balance of account A-18?", balance)
    assert [arguments for _, arguments in found.calls] == [{"account": "A-18"}]
    assert "55.5" not in found.text and HONEST.search(found.text)


def test_a_number_whose_unit_is_not_told_gets_none_from_the_question() -> None:
    def width(beam: str) -> float:
        """Width of a beam."""
        return 41.5

    text = talk("What is the width of Alpha in km?", width).text
    assert text == "The width of Alpha is 41.5, in a unit that nothing here tells."


def test_a_tool_is_not_said_to_have_said_what_the_brain_concludes() -> None:
    def orders(customer: str) -> str:
        """Orders of a customer."""
        return "lamp, desk"

    def failing(customer: str) -> str:
        """Debts of a customer."""
        raise RuntimeError("disk on fire")

    text = talk("What is the sum of the orders of Kim and 3?", orders).text
    assert HONEST.search(text) and "tool said" not in text
    assert "The tool said: RuntimeError: disk on fire." in talk("What are the debts of Kim?",
                                                                failing).text  # fmt: skip


def test_a_question_switches_nothing() -> None:
    for question in ("Is the lamp on?", "is the lamp on", "Why is the lamp on?"):
        assert talk(question, worlds_of_words.lamp).calls == []


def test_the_only_tool_is_not_tried_where_it_acts() -> None:
    def archive(name: str) -> dict[str, Any]:
        """Delete a record."""
        return {"salary": 5}

    assert talk("What is the salary of Ada Marsh?", archive).calls == []


def test_an_order_is_not_said_to_be_done_by_a_tool_that_only_looks() -> None:
    def locked() -> bool:
        """Whether the door is locked."""
        return True

    assert talk("Lock the door.", locked).text == "The tool locked says: yes."
    assert talk("Is the door locked?", locked).text == "Yes."
    assert talk("Tell me whether the door is locked.", locked).text == "Yes."
