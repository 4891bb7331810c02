"""Tool tasks with known calls: sets to write prompts with, and one held out, of other tools.

No tool, noun or phrasing of the held-out set is in the other. Each task offers three tools, of
which one fits, and its right arguments are said in the question.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from agentkit.model import ToolSpec

OFFERED = 3
"""Tools that a task offers."""


class Task(NamedTuple):
    """A question, the tools offered, and the call that is right."""

    question: str
    tools: tuple[ToolSpec, ...]
    name: str
    arguments: dict[str, Any]


class Kind(NamedTuple):
    """A tool, how it is asked for, and what its arguments are drawn from."""

    name: str
    description: str
    types: dict[str, Any]
    """JSON Schemas by parameter."""
    phrasings: tuple[str, ...]
    values: dict[str, Sequence[Any]]


TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}

WRITING = (
    Kind("weather", "Tells the weather in a city.", {"city": TEXT},
         ("What is the weather in {city}?", "Is it raining in {city}?"),
         {"city": ("Oslo", "Lima", "Cairo", "Perth", "Quito")}),
    Kind("convert_currency", "Converts an amount from USD to another currency.",
         {"amount": NUMBER, "currency": {"enum": ["EUR", "GBP", "JPY"]}},
         ("How much is {amount} USD in {currency}?", "Change {amount} dollars to {currency}."),
         {"amount": (20, 75, 130, 410), "currency": ("EUR", "GBP", "JPY")}),
    Kind("send_email", "Sends an e-mail to a person.", {"to": TEXT, "subject": TEXT},
         ("Send an e-mail to {to} with the subject {subject}.",
          "Mail {to}, the subject is {subject}."),
         {"to": ("Anna", "Boris", "Chen", "Dora"), "subject": ("Lunch", "Invoice", "Holidays")}),
    Kind("set_timer", "Starts a timer.", {"minutes": WHOLE},
         ("Set a timer for {minutes} minutes.", "Wake me in {minutes} minutes."),
         {"minutes": (3, 8, 15, 45)}),
    Kind("square_root", "Computes the square root of a number.", {"number": NUMBER},
         ("What is the square root of {number}?", "Take the root of {number}."),
         {"number": (49, 81, 144, 625)}),
    Kind("play_song", "Plays a song of an artist.", {"title": TEXT, "artist": TEXT},
         ("Play {title} by {artist}.", "I want to hear {title} of {artist}."),
         {"title": ("Hello", "Imagine", "Yesterday"), "artist": ("Adele", "Lennon", "Beatles")}),
    Kind("find_train", "Finds a train between two towns.", {"start": TEXT, "end": TEXT},
         ("Find a train from {start} to {end}.", "How do I get from {start} to {end} by rail?"),
         {"start": ("Bern", "Graz", "Ulm"), "end": ("Paris", "Milan", "Prague")}),
    Kind("add_task", "Adds an entry to the to-do list.",
         {"text": TEXT, "urgent": {"type": "boolean"}},
         ("Add an entry to my to-do list: {text}. It is urgent: {urgent}.",
          "Put {text} on the list, urgent {urgent}."),
         {"text": ("buy milk", "call mother", "pay rent"), "urgent": (True, False)}),
)  # fmt: skip

SEEN = (
    Kind("population", "Looks up how many people live in a country.", {"country": TEXT},
         ("How many people live in {country}?", "Tell me the number of inhabitants of {country}.",
          "{country}: what is its population?"),
         {"country": ("Norway", "Chile", "Kenya", "Japan", "Poland")}),
    Kind("harbour_dues", "Computes harbour dues in EUR.", {"port": TEXT, "tonnes": NUMBER},
         ("What are the dues for {tonnes} t in {port}?",
          "A ship of {tonnes} tonnes calls at {port}. What must it pay?",
          "Dues at {port} for {tonnes} tonnes, please."),
         {"port": ("Amber", "Briar", "Cinder", "Dune"), "tonnes": (30, 55, 120, 840)}),
    Kind("book_table", "Reserves a table in a restaurant.", {"restaurant": TEXT, "people": WHOLE},
         ("Reserve a table for {people} at {restaurant}.",
          "We are {people} and want to eat at {restaurant}.",
          "Get us a table at {restaurant}; there will be {people} of us."),
         {"restaurant": ("Luna", "Olive", "Sakura", "Bistro Nord"), "people": (2, 4, 6, 9)}),
    Kind("translate", "Translates a word into a language.",
         {"word": TEXT, "language": {"enum": ["French", "German", "Spanish"]}},
         ("Translate {word} into {language}.", "What is {word} in {language}?",
          "How does one say {word} in {language}?"),
         {"word": ("bridge", "winter", "apple", "mirror"),
          "language": ("French", "German", "Spanish")}),
    Kind("stock_price", "Returns the price of a share.", {"symbol": TEXT},
         ("What does a share of {symbol} cost?", "Give me the price of {symbol} stock.",
          "How is {symbol} trading?"),
         {"symbol": ("ACME", "GLOB", "INIT", "VEHI")}),
    Kind("power", "Raises a base to an exponent.", {"base": NUMBER, "exponent": NUMBER},
         ("What is {base} to the power of {exponent}?", "Raise {base} to the exponent {exponent}.",
          "Compute the power with base {base} and exponent {exponent}."),
         {"base": (2, 3, 7, 12), "exponent": (4, 5, 6, 8)}),
    Kind("open_door", "Opens a door of the building.",
         {"door": {"enum": ["north", "south", "east"]}},
         ("Open the {door} door.", "Somebody waits at the {door} door, let him in.",
          "Please unlock the door in the {door}."),
         {"door": ("north", "south", "east")}),
    Kind("order_book", "Orders copies of a book.", {"title": TEXT, "copies": WHOLE},
         ("Order {copies} copies of {title}.", "We need {title}, {copies} copies of it.",
          "Buy the book {title} {copies} times."),
         {"title": ("Emma", "Ulysses", "Dracula", "Middlemarch"), "copies": (2, 3, 10, 25)}),
    Kind("tide", "Tells the time of high water at a beach.", {"beach": TEXT, "day": TEXT},
         ("When is high water at {beach} on {day}?", "High tide on {day} at {beach}?",
          "I swim at {beach} on {day}. When is the tide high?"),
         {"beach": ("Selsey", "Marske", "Portreath"), "day": ("Monday", "Friday", "Sunday")}),
    Kind("dim_light", "Sets the brightness of a lamp in percent.", {"room": TEXT, "percent": WHOLE},
         ("Dim the lamp in the {room} to {percent} percent.",
          "Set the {room} light to {percent}%.", "{percent} percent brightness in the {room}."),
         {"room": ("kitchen", "hall", "office", "cellar"), "percent": (10, 25, 40, 80)}),
)  # fmt: skip
"""What was held out once: its failures were read when the wrapper was mended."""

HELD_OUT = (
    Kind("capital_of", "Names the capital of a country.", {"country": TEXT},
         ("What is the capital of {country}?", "{country} has which capital?",
          "Which town governs {country}?"),
         {"country": ("Peru", "Ghana", "Latvia", "Nepal")}),
    Kind("ship_speed", "Sets the speed of a ship in knots.", {"ship": TEXT, "knots": NUMBER},
         ("Let the {ship} sail at {knots} knots.", "Set {ship} to a speed of {knots} knots.",
          "{knots} knots for the ship {ship}, please."),
         {"ship": ("Marlin", "Petrel", "Gannet"), "knots": (6, 11, 14, 22)}),
    Kind("rent_car", "Rents a car for some days.",
         {"size": {"enum": ["small", "medium", "large"]}, "days": WHOLE},
         ("Rent a {size} car for {days} days.", "I need a {size} car, {days} days.",
          "For {days} days we want something {size} to drive."),
         {"size": ("small", "medium", "large"), "days": (2, 5, 9, 14)}),
    Kind("call_person", "Calls a person by telephone.", {"person": TEXT},
         ("Call {person}.", "Get {person} on the telephone.", "I must speak with {person} now."),
         {"person": ("Marta", "Oleg", "Priya", "Sven")}),
    Kind("water_plant", "Waters a plant in the garden.", {"plant": TEXT, "litres": NUMBER},
         ("Water the {plant} with {litres} litres.", "Give {litres} litres to the {plant}.",
          "The {plant} is dry, {litres} litres of water will do."),
         {"plant": ("fern", "cactus", "palm", "rose"), "litres": (1, 3, 7, 12)}),
    Kind("flight_status", "Tells whether a flight is on time.", {"flight": TEXT},
         ("Is flight {flight} on time?", "Has {flight} landed?", "Status of the flight {flight}?"),
         {"flight": ("LX318", "BA92", "KL1004", "SK7")}),
    Kind("exchange_desk", "Moves a colleague to another desk.", {"colleague": TEXT, "desk": TEXT},
         ("Move {colleague} to desk {desk}.", "Let {colleague} have the desk {desk}.",
          "Desk {desk} is for {colleague} from now on."),
         {"colleague": ("Nora", "Hugo", "Iris"), "desk": ("A12", "B7", "C30")}),
    Kind("heat_oven", "Heats the oven to a temperature.",
         {"degrees": WHOLE, "mode": {"enum": ["grill", "fan", "steam"]}},
         ("Heat the oven to {degrees} degrees with {mode}.", "Oven: {mode}, {degrees} degrees.",
          "I bake at {degrees}, use {mode}."),
         {"degrees": (120, 180, 200, 230), "mode": ("grill", "fan", "steam")}),
    Kind("buy_ticket", "Buys tickets for a concert.", {"concert": TEXT, "tickets": WHOLE},
         ("Buy {tickets} tickets for {concert}.", "We want to hear {concert}, {tickets} tickets.",
          "Get me {tickets} seats at the concert {concert}."),
         {"concert": ("Aida", "Tosca", "Carmen"), "tickets": (2, 3, 4, 8)}),
    Kind("lock_locker", "Locks a locker in the gym.", {"number": WHOLE},
         ("Lock locker {number}.", "Locker {number} is mine, lock it.",
          "Please close number {number} in the gym."),
         {"number": (17, 23, 58, 91)}),
)  # fmt: skip


def spec(kind: Kind) -> ToolSpec:
    """The tool as a model sees it."""
    return ToolSpec(
        name=kind.name,
        description=kind.description,
        parameters={
            "type": "object",
            "properties": kind.types,
            "required": list(kind.types),
            "additionalProperties": False,
        },
    )


def tasks(kinds: Sequence[Kind], count: int, seed: int = 7) -> list[Task]:
    """So many tasks, every kind equally often, the same for a seed."""
    rng = random.Random(seed)
    found: list[Task] = []
    for n in range(count):
        kind = kinds[n % len(kinds)]
        arguments = {name: rng.choice(kind.values[name]) for name in kind.types}
        others = rng.sample([one for one in kinds if one is not kind], OFFERED - 1)
        offered = [spec(one) for one in (kind, *others)]
        rng.shuffle(offered)
        phrasing = kind.phrasings[(n // len(kinds)) % len(kind.phrasings)]
        said = {k: str(v).lower() if isinstance(v, bool) else v for k, v in arguments.items()}
        found.append(Task(phrasing.format(**said), tuple(offered), kind.name, arguments))
    return found


def right(arguments: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether arguments are those wanted; a text may differ in case, article and marks around."""

    def same(found: Any, value: Any) -> bool:
        if isinstance(value, str) and isinstance(found, str):
            bare = found.strip(" .!?\"'").casefold().removeprefix("the ")
            return bare == value.casefold()
        return bool(found == value and isinstance(found, bool) == isinstance(value, bool))

    return arguments.keys() == wanted.keys() and all(
        same(arguments[name], value) for name, value in wanted.items()
    )
