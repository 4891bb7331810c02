"""Tools that the brain never saw: chosen by their schema, with well-formed arguments."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from agentkit.sim.brain.thought import DialogTurn, WishedCall
from tests.agentkit.sim.brain.talk import talk

DUES = {"amber": 3.0, "briar": 2.0, "coral": 2.5}


def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    if port.casefold() not in DUES:
        raise ValueError(f"There is no port {port!r}. Known: Amber, Briar, Coral.")
    return DUES[port.casefold()] * tonnes


def weather(city: str, day: str = "today") -> dict[str, Any]:
    """Weather forecast for a city."""
    return {"city": city, "day": day, "temperature_c": 17, "sky": "rain"}


def convert(amount: float, from_currency: str, to_currency: str) -> float:
    """Convert an amount of money from one currency to another."""
    return round(amount * 1.1, 2)


def search_library(query: str, limit: int = 5) -> list[dict[str, str]]:
    """Search the library for books."""
    return [{"title": f"On {query}", "author": "Lamport"}]


def book_berth(ship: str, berth: str, date: str) -> str:
    """Book a berth for a ship on a date."""
    return f"Booked {berth} for {ship} on {date}, reference R77."


def lookup_user(user_id: int) -> dict[str, Any]:
    """Look up a user account by its id."""
    return {"id": user_id, "name": "Ada", "email": "ada@x.org", "balance": 12.5}


def create_ticket(title: str, priority: Literal["low", "normal", "high"] = "normal") -> str:
    """Create a ticket."""
    return f"Ticket 7: {title} ({priority})"


def flight(origin: str, destination: str, date: str) -> list[dict[str, Any]]:
    """Find flights between two cities on a date."""
    return [{"number": "AK1", "price_eur": 120}, {"number": "AK2", "price_eur": 80}]


def clock() -> str:
    """The current time."""
    return "14:05"


def get_stock(product: str) -> int:
    """Number of items in stock for a product."""
    return {"blue shirt": 12}.get(product, 0)


@pytest.mark.parametrize(
    ("question", "tool", "arguments"),
    [
        ("What are the dues for 30 t in Amber?", tariff, {"port": "Amber", "tonnes": 30}),
        ("Give me the harbour dues: Amber, 30 t.", tariff, {"port": "Amber", "tonnes": 30}),
        ("I have 30 t for Amber. What are the dues?", tariff, {"port": "Amber", "tonnes": 30}),
        ("What will the weather be in Amber on Tuesday?", weather,
         {"city": "Amber", "day": "Tuesday"}),
        ("Will it rain in New York tomorrow?", weather, {"city": "New York", "day": "tomorrow"}),
        ("How warm is it in Amber?", weather, {"city": "Amber"}),
        ("Convert 120 EUR to USD.", convert,
         {"amount": 120, "from_currency": "EUR", "to_currency": "USD"}),
        ("Find at most 2 books about 'lost ships'.", search_library,
         {"query": "lost ships", "limit": 2}),
        ("Please book berth A1 for the Heron on 3 May.", book_berth,
         {"ship": "Heron", "berth": "A1", "date": "3 May"}),
        ("What is the email of user 42?", lookup_user, {"user_id": 42}),
        ("Create a high priority ticket with the title 'Crane broken'.", create_ticket,
         {"title": "Crane broken", "priority": "high"}),
        ("Find flights from Oslo to Rome on 2026-05-01.", flight,
         {"origin": "Oslo", "destination": "Rome", "date": "2026-05-01"}),
        ("Find flights to Rome from Oslo on 2026-05-01.", flight,
         {"origin": "Oslo", "destination": "Rome", "date": "2026-05-01"}),
        ("What time is it?", clock, {}),
        ("How many blue shirts are in stock?", get_stock, {"product": "blue shirt"}),
    ],
)  # fmt: skip
def test_one_call_with_the_arguments_that_the_question_gives(
    question: str, tool: Any, arguments: dict[str, Any]
) -> None:
    assert talk(question, tool).calls == [(tool.__name__, arguments)]


def test_the_fitting_tool_is_picked_among_many() -> None:
    tools = (weather, tariff, convert, search_library, book_berth, lookup_user, flight, clock)
    questions = {
        "What are the dues for 30 t in Amber?": "tariff",
        "Will it rain in Amber tomorrow?": "weather",
        "Convert 5 USD to EUR.": "convert",
        "What is the balance of user 7?": "lookup_user",
        "Book berth B2 for the Tern on 4 June.": "book_berth",
        "What time is it?": "clock",
    }
    for question, name in questions.items():
        assert [call for call, _ in talk(question, *tools).calls] == [name], question


def test_several_items_are_asked_for_at_once_when_parallel_calls_are_allowed() -> None:
    question = "What are the dues for 30 t in Amber and 50 t in Briar?"
    together = talk(question, tariff)
    assert [len(turn) for turn in together.turns] == [2]
    assert together.text == "30 t, Amber: 90 EUR; 50 t, Briar: 100 EUR."
    alone = talk(question, tariff, parallel=False)
    assert [len(turn) for turn in alone.turns] == [1, 1]
    assert alone.text == together.text


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which is cheapest for 40 t: Amber, Briar or Coral?", "Briar"),
        ("What is the total of the dues for 30 t in Amber and 50 t in Briar?", "190 EUR."),
        ("How much more are the dues for 40 t in Amber than in Briar?", "40 EUR."),
    ],
)
def test_results_are_compared_and_added(question: str, answer: str) -> None:
    text = talk(question, tariff).text
    assert text.startswith(answer) or text.endswith(answer)


def test_a_follow_up_takes_the_rest_from_the_question_before() -> None:
    turns = [
        DialogTurn("user", "What are the dues for 30 t in Amber?"),
        DialogTurn("assistant", "The dues are 90 EUR."),
        DialogTurn("user", "And in Briar?"),
    ]
    assert talk(turns, tariff).calls == [("tariff", {"port": "Briar", "tonnes": 30})]


def test_a_misspelt_name_is_corrected_from_the_error_message() -> None:
    found = talk("What are the dues for 30 t in Ambre?", tariff)
    assert [arguments["port"] for _, arguments in found.calls] == ["Ambre", "Amber"]
    assert found.text.endswith("90 EUR.")


def test_a_wrong_call_that_is_not_its_own_is_made_again_rightly() -> None:
    broken = WishedCall("tariff", {"port": "Amber", "tonnes": "thirty"}, "x")
    turns = [
        DialogTurn("user", "What are the dues for 30 t in Amber?"),
        DialogTurn("assistant", "", (broken,)),
        DialogTurn(
            "tool", "Error: tonnes must be a number", call_id="x", name="tariff", error=True
        ),
    ]
    assert talk(turns, tariff).calls == [("tariff", {"port": "Amber", "tonnes": 30})]


def test_a_tool_that_keeps_failing_is_tried_three_times_and_then_reported() -> None:
    def lock(gate: str) -> str:
        """Open the gate of a lock."""
        raise TimeoutError("timed out, try again")

    found = talk("Open the lock gate 'north'.", lock)
    assert len(found.calls) == 3
    assert "timed out, try again" in found.text


def test_what_a_tool_would_need_is_said() -> None:
    text = talk("What are the dues in Amber?", tariff).text
    assert "tonnes" in text
    asked = talk("What are the dues in Amber?", tariff, system="Ask back if something is missing.")
    assert "?" in asked.text and "tonnes" in asked.text


def test_no_tool_is_called_for_what_no_tool_knows() -> None:
    assert talk("Who wrote Hamlet?", tariff, weather).calls == []


def test_tool_choice_none_calls_nothing_and_a_named_tool_is_called() -> None:
    assert talk("What are the dues for 30 t in Amber?", tariff, tool_choice="none").calls == []
    forced = talk("Tell me a joke.", tariff, clock, tool_choice="clock")
    assert forced.calls == [("clock", {})]
    required = talk("Tell me a joke.", tariff, tool_choice="required")
    assert [name for name, _ in required.calls] == ["tariff"]
    assert isinstance(required.calls[0][1]["tonnes"], float)


def test_an_agent_offered_as_a_tool_gets_the_question_that_fits_it() -> None:
    def clerk(task: str) -> str:
        """The clerk knows harbour dues and tariffs of ports."""
        return "The dues for 30 t in Amber are 90 EUR."

    def pilot(task: str) -> str:
        """The pilot knows depths and tides."""
        return "The depth of Amber is 8 m."

    question = "What are the dues for 30 t in Amber?"
    assert talk(question, pilot, clerk).calls == [("clerk", {"task": question})]
    both = talk("Ask the clerk for the dues for 30 t in Amber and ask the pilot for the depth.",
                pilot, clerk)  # fmt: skip
    assert {name for name, _ in both.calls} == {"clerk", "pilot"}
    assert "90 EUR" in both.text and "8 m" in both.text


def test_a_colleague_gets_a_task_in_words_and_never_a_bare_name() -> None:
    def clerk(task: str) -> str:
        """The clerk knows harbour dues and tariffs of ports."""
        return "The dues for 30 t in Amber are 90 EUR."

    def purser(task: str) -> str:
        """The purser knows ships and their home port."""
        return "The home port of the Heron is Amber."

    def ask_pilot(question: str, port: str) -> str:
        """Ask the pilot, who knows depths and tides."""
        return "The depth of Amber is 8 m."

    both = "What are the dues for 30 t in Amber and what is the home port of the Heron?"
    assert talk(both, clerk, purser).calls == [
        ("clerk", {"task": "What are the dues for 30 t in Amber"}),
        ("purser", {"task": "what is the home port of the Heron?"}),
    ]
    ordered = "Ask the clerk about Amber and ask the purser about the Heron."
    assert [arguments["task"] for _, arguments in talk(ordered, clerk, purser).calls] == [
        "Tell me about Amber.", "Tell me about the Heron.",
    ]  # fmt: skip
    assert talk("How deep is Amber?", ask_pilot).calls == [
        ("ask_pilot", {"question": "the depth of Amber", "port": "Amber"})
    ]


def test_a_number_from_a_tool_named_after_the_thing_is_its_measure() -> None:
    def lighthouse(port: str) -> int:
        """The lighthouse of a port."""
        return 35

    found = talk("How high is the lighthouse of Amber?", lighthouse)
    assert found.calls == [("lighthouse", {"port": "Amber"})]
    assert found.text == "The height of the lighthouse of Amber is 35."


def test_a_hand_off_is_followed() -> None:
    def transfer_to_billing(reason: str) -> str:
        """Hand the conversation over to billing: invoices and payments."""
        return "Billing takes over."

    found = talk("My invoice shows the wrong payment. Who can help?", transfer_to_billing)
    assert [name for name, _ in found.calls] == ["transfer_to_billing"]
