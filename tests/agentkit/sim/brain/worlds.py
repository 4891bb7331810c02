"""Twenty small worlds that are not the port of Amber: tools as a reader would write them.

A case is a question, and what may be answered: `right` is the value that a right answer holds,
None where no tool tells it; a case that is a `must` has to be answered, any other may also be met
by saying that it cannot be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Case:
    """A question with what may be answered to it."""

    question: str
    right: Value | tuple[Value, ...] = None
    must: bool = False


@dataclass(frozen=True)
class SmallWorld:
    """Tools, instructions and questions."""

    name: str
    tools: tuple[Callable[..., Any], ...]
    cases: tuple[Case, ...]
    system: str = "You help. Use your tools."


WORLDS: list[SmallWorld] = []


def add(name: str, tools: list[Callable[..., Any]], *cases: Case, system: str = "") -> None:
    WORLDS.append(SmallWorld(name, tuple(tools), cases, system or "You help. Use your tools."))


def must(question: str, right: Value | tuple[Value, ...]) -> Case:
    return Case(question, right, must=True)


def may(question: str, right: Value | tuple[Value, ...] = None) -> Case:
    return Case(question, right)


# A shop: a tool that returns a number.


def stock(fruit: str) -> int:
    """How many of a fruit are in the shop."""
    return 12 if fruit.lower().startswith("apple") else 40


add(
    "shop",
    [stock],
    must("What is the stock of plum?", 40),
    must("What is the stock of apples?", 12),
    may("How many plums are in stock?", 40),
    may("How many apples are in stock?", 12),
    may("How many plums are in the shop?", 40),
    may("How many plums do you have?", 40),
    may("Do you have any plums in stock? How many?", 40),
    may("I need 7 plums. How many plums are in stock?", 40),
    may("How many apples and plums are in stock together?", (52,)),
    may("What do 5 plums cost?"),
    may("What is the price of a plum?"),
    may("Who sells the plums?"),
    may("How many suppliers does the shop have?"),
    may("When does the shop open?"),
    system="You sell fruit. Use your tools to answer.",
)


def price(item: str) -> float:
    """Price of an item in EUR."""
    return {"apple": 0.375, "plum": 0.2}.get(item.lower().rstrip("s"), 1.5)


add(
    "two tools",
    [stock, price],
    must("What is the price of an apple?", 0.375),
    must("What is the stock of plum?", 40),
    may("How much does a plum cost?", 0.2),
    may("How much do 3 plums cost?", 0.6),
    may("How many apples are in stock?", 12),
    may("What was the price of a plum in 2019?"),
    may("How heavy is a plum?"),
    may("How old is the shop?"),
)


# A library: records and lists.

BOOKS = [
    {"id": 17, "title": "Dune", "author": "Frank Herbert", "year": 1965, "copies": 3},
    {"id": 23, "title": "Emma", "author": "Jane Austen", "year": 1815, "copies": 5},
    {"id": 42, "title": "Persuasion", "author": "Jane Austen", "year": 1817, "copies": 2},
]
for row, shelf in zip(BOOKS, ("B4", "C1", "C2"), strict=True):
    row["shelf"] = shelf


def book(title: str) -> dict[str, Any]:
    """The card of a book: author, year, copies, shelf."""
    for row in BOOKS:
        if row["title"].lower() == title.lower():
            return row
    raise ValueError(f"No book {title!r}.")


def books_by(author: str) -> list[dict[str, Any]]:
    """All books of an author."""
    return [row for row in BOOKS if row["author"].lower() == author.lower()]


add(
    "library",
    [book, books_by],
    must("Who is the author of Dune?", "Frank Herbert"),
    must("What is the year of Emma?", 1815),
    must("How many copies of Dune are there?", 3),
    must("On which shelf is Persuasion?", "C2"),
    may("When was Emma published?", 1815),
    may("How many pages does Dune have?"),
    may("What is the weight of Dune?"),
    may("Who translated Emma?"),
    may("How many books by Jane Austen are there?", 2),
    may("Which of all books by Jane Austen has the most copies?", "Emma"),
    may("Which of all books by Jane Austen has the lowest year?", "Emma"),
    may("What is the total copies of all books by Jane Austen?", 7),
    may("Who is the author of Ulysses?"),
    may("How many copies of Ulysses are there?"),
    may("What is the year of Dune plus 10?", 1975),
)


# A clinic: texts, errors, nothing.


def opening_hours(day: str) -> str:
    """Opening hours of the clinic on a day."""
    return {"monday": "08:30 to 16:00", "saturday": "closed"}.get(day.lower(), "09:00 to 12:00")


def next_appointment(doctor: str) -> str | None:
    """The next free appointment of a doctor."""
    return {"lee": "2026-03-04 10:15"}.get(doctor.lower().removeprefix("dr. ").removeprefix("dr "))


def waiting(room: int) -> int:
    """Number of patients waiting in a room."""
    if room > 3:
        raise RuntimeError("sensor offline since 04:12")
    return [0, 4, 0, 11][room]


add(
    "clinic",
    [opening_hours, next_appointment, waiting],
    must("How many patients are waiting in room 3?", 11),
    must("How many patients are waiting in room 2?", 0),
    may("How many patients are waiting in room 9?"),
    must("What are the opening hours on Monday?", "08:30 to 16:00"),
    may("What are the opening hours on Saturday?", "closed"),
    may("When is the next appointment of Lee?", "10:15"),
    may("When is the next appointment of Novak?"),
    may("How many doctors work in the clinic?"),
    may("What is the blood pressure of Lee?"),
    may("How many nurses are in room 3?"),
)


# A timetable.


def departures(station: str) -> list[dict[str, Any]]:
    """All departures from a station: line, destination, time, platform, minutes."""
    if station.lower() != "hill":
        return []
    return [
        {"line": 7, "destination": "Lake", "time": "10:05", "platform": 3, "minutes": 42},
        {"line": 12, "destination": "Bay", "time": "10:20", "platform": 1, "minutes": 18},
        {"line": 9, "destination": "Mill", "time": "11:00", "platform": 3, "minutes": 65},
    ]


add(
    "timetable",
    [departures],
    may("Which of all departures from Hill has the lowest minutes?", ("Bay", 12)),
    may("Which of all departures from Hill has the highest minutes?", ("Mill", 9)),
    may("Which departure from Hill is the fastest?", ("Bay", 12)),
    may("How many departures are there from Hill?", 3),
    may("How many departures are there from Nowhere?", 0),
    may("What is the total minutes of all departures from Hill?", 125),
    may("At what time does the train from Hill to Bay depart?", "10:20"),
    may("From which platform does the train from Hill to Mill depart?", 3),
    may("How many passengers are on the train from Hill to Bay?"),
    may("What is the fare from Hill to Bay?"),
)


# A bank.


def balance(account: str) -> float:
    """Balance of an account in EUR."""
    accounts = {"A-17": 1204.505, "B-20": -35.2}
    if account not in accounts:
        raise KeyError(account)
    return accounts[account]


def transfer(source: str, target: str, amount: float) -> dict[str, Any]:
    """Transfer an amount from one account to another."""
    return {"status": "done", "reference": 884213}


add(
    "bank",
    [balance, transfer],
    must("What is the balance of account A-17?", 1204.505),
    must("What is the balance of account B-20?", -35.2),
    may("What is the balance of account C-99?"),
    may("How much money is on account A-17?", 1204.505),
    may("What is the interest rate of account A-17?"),
    may("Who owns account A-17?"),
    may("What was the balance of account A-17 in 2019?"),
    may(
        "What is the sum of the balance of account A-17 and the balance of account B-20?", 1169.305
    ),
    may("Transfer 50 EUR from A-17 to B-20.", ("done", 884213)),
)


# A zoo.


def animals(kind: str) -> int:
    """Number of animals of a kind in the zoo."""
    return {"lion": 4, "zebra": 9}.get(kind.lower().rstrip("s"), 0)


def keeper(kind: str) -> str:
    """Name of the keeper of a kind of animal."""
    return {"lion": "Rosa", "zebra": "Tom"}.get(kind.lower().rstrip("s"), "nobody")


def feeding(kind: str) -> dict[str, Any]:
    """Feeding of a kind of animal: food, kg_per_day, time."""
    return {"food": "meat", "kg_per_day": 7.25, "time": "14:00"}


add(
    "zoo",
    [animals, keeper, feeding],
    may("How many lions are in the zoo?", 4),
    may("How many zebras are there?", 9),
    may("How many animals of the kind lion are in the zoo?", 4),
    must("Who is the keeper of the lions?", "Rosa"),
    may("At what time is the feeding of the lions?", "14:00"),
    may("How many kg of food do the lions get per day?", 7.25),
    may("How many visitors came to the zoo?"),
    may("How old are the lions?"),
    may("How much does a ticket cost?"),
    may("How many lions and zebras are in the zoo together?", 13),
)


# A cinema.


def screening(film: str) -> dict[str, Any] | None:
    """The next screening of a film: hall, time, seats_free, price_eur."""
    if film.lower() != "metropolis":
        return None
    return {"hall": 2, "time": "20:15", "seats_free": 31, "price_eur": 11.5}


add(
    "cinema",
    [screening],
    must("In which hall is the screening of Metropolis?", 2),
    may("How many seats are free for Metropolis?", 31),
    may("What does a ticket for Metropolis cost?", 11.5),
    may("When is Metropolis shown?", "20:15"),
    may("In which hall is the screening of Alien?"),
    may("How long is Metropolis?"),
    may("Who directed Metropolis?"),
    may("What do 4 tickets for Metropolis cost?", 46),
)


# A calculator and other arithmetic.


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


def divide(a: float, b: float) -> float:
    """Divide a by b."""
    return a / b


add(
    "calculator",
    [multiply, divide],
    must("Multiply 12 and 31.", 372),
    must("Use the tool to multiply 12 and 31.", 372),
    must("Please use the tool to multiply 7 and 8.", 56),
    must("Use multiply to multiply 6 by 7.", 42),
    must("What is 12 times 31?", 372),
    must("Divide 84 by 4.", 21),
    may("Call the divide tool with 9 and 2.", 4.5),
    may("With your tool, work out 12 times 12.", 144),
    may("Divide 1 by 0."),
    may("What is the product of 3 and 5?", 15),
    may("What is the capital of France?"),
)


# Weather: several tools with the same argument.


def temperature(city: str) -> float:
    """Temperature in a city in degrees Celsius."""
    return {"oslo": -3.5, "rome": 17.25}[city.lower()]


def rain(city: str) -> float:
    """Rain expected today in a city in mm."""
    return {"oslo": 0.0, "rome": 12.8}[city.lower()]


add(
    "weather",
    [temperature, rain],
    must("What is the temperature in Oslo?", -3.5),
    must("How warm is it in Rome?", 17.25),
    may("How much rain is expected in Rome?", 12.8),
    may("Which is warmer, Oslo or Rome?", "Rome"),
    may("How strong is the wind in Oslo?"),
    may("What is the population of Oslo?"),
    may("What is the temperature in Paris?"),
    may(
        "What is the difference between the temperature in Rome and the temperature in Oslo?", 20.75
    ),
    may("It was 22 degrees in 1999. What is the temperature in Oslo?", -3.5),
)


# A tool that raises, one that gives nothing, one that gives an empty list.


def broken(fruit: str) -> int:
    """Count a fruit."""
    raise RuntimeError("disk on fire")


add(
    "broken",
    [broken],
    may("Count the plums."),
    may("How many plums are there?"),
    may("Count a fruit: plum."),
    may("Use the tool to count the plums."),
    system="You count.",
)


def nothing(name: str) -> None:
    """The phone number of a person."""


def none_found(city: str) -> list[str]:
    """All hotels in a city."""
    return []


add(
    "nothing",
    [nothing, none_found],
    may("What is the phone number of Ada Marsh?"),
    may("Which hotels are there in Oslo?"),
    may("How many hotels are there in Oslo?", 0),
    may("What is the cheapest of all hotels in Oslo?"),
)


# A school, a garage, a farm, a hotel, a team, a museum, a post office, a kitchen.

PUPILS = [
    {"number": 31, "name": "Ida", "age": 9, "points": 87.5},
    {"number": 32, "name": "Max", "age": 10, "points": 64},
    {"number": 33, "name": "Zoe", "age": 8, "points": 91},
]


def pupils(class_name: str) -> list[dict[str, Any]]:
    """All pupils of a class: number, name, age, points."""
    return PUPILS if class_name.upper() == "4B" else []


add(
    "school",
    [pupils],
    must("Which of all pupils in 4B has the highest points?", "Zoe"),
    must("Which of all pupils in 4B has the lowest age?", "Zoe"),
    may("Who is the oldest pupil in 4B?", "Max"),
    may("Which pupil of 4B has the most points?", "Zoe"),
    may("How many pupils are in 4B?", 3),
    may("What is the average age of all pupils in 4B?", 9),
    may("What is the total points of all pupils in 4B?", 242.5),
    may("Which of all pupils in 4B has the highest weight?"),
    may("How old is the teacher of 4B?"),
)


def repair_cost(part: Literal["brake", "clutch", "lamp"], hours: float) -> float:
    """Cost in EUR of repairing a part for a number of hours."""
    return {"brake": 80.0, "clutch": 120.0, "lamp": 15.0}[part] * hours


add(
    "garage",
    [repair_cost],
    must("What is the cost of repairing a brake for 2 hours?", 160),
    may("What does it cost to repair a clutch for 3.5 hours?", 420),
    may("What does it cost to repair a door for 2 hours?"),
    may("What does it cost to repair a brake?"),
    may("How many mechanics are there?"),
)


def milk(cow: str, day: str = "today") -> float:
    """Litres of milk that a cow gave on a day."""
    return 24.6 if day == "today" else 19.75


add(
    "farm",
    [milk],
    must("How many litres of milk did Bella give today?", 24.6),
    may("How much milk did Bella give yesterday?", 19.75),
    may("How many cows are on the farm?"),
    may("How many eggs did the hens lay?"),
    may("What does a litre of milk cost?"),
)


def room(number: int) -> dict[str, Any]:
    """A hotel room: beds, floor, price_eur_per_night, guest."""
    return {"number": number, "beds": 2, "floor": number // 100, "price_eur_per_night": 89.9,
            "guest": {"name": "Kim", "nights": 3}}  # fmt: skip


add(
    "hotel",
    [room],
    must("How many beds does room 214 have?", 2),
    must("What is the price per night of room 214?", 89.9),
    must("On which floor is room 305?", 3),
    may("Who is the guest of room 214?", "Kim"),
    may("How large is room 214?"),
    may("How many windows does room 214 have?"),
    may("What do 3 nights in room 214 cost?", 269.7),
)


def goals(team: str, season: int) -> int:
    """Goals that a team scored in a season."""
    return {2023: 51, 2024: 64}.get(season, 0)


add(
    "football",
    [goals],
    must("How many goals did Lions score in 2024?", 64),
    must("How many goals did Lions score in 2023?", 51),
    may("How many goals did Lions score in 2023 and 2024 together?", 115),
    may("How many points did Lions win in 2024?"),
    may("Who coaches Lions?"),
    may("How many more goals did Lions score in 2024 than in 2023?", 13),
)


def painting(title: str) -> str:
    """What the catalogue says about a painting."""
    return ("The Ferry was painted by Ines Grove in 1887. It is 120 cm wide and 80 cm high. "
            "It hangs in room 6.")  # fmt: skip


add(
    "museum",
    [painting],
    may("Who painted The Ferry?", "Ines Grove"),
    may("In which year was The Ferry painted?", 1887),
    may("How wide is The Ferry?", 120),
    may("In which room does The Ferry hang?", 6),
    may("What is The Ferry worth?"),
    may("How heavy is The Ferry?"),
)


def postage(weight_g: int, country: str) -> float:
    """Postage in EUR for a letter of so many grams to a country."""
    return 0.95 if country == "Norway" and weight_g <= 20 else 3.7


add(
    "post",
    [postage],
    must("What is the postage for a letter of 20 g to Norway?", 0.95),
    may("What is the postage for 500 g to Chile?", 3.7),
    may("How long does a letter to Norway take?"),
    may("What is the postage to Norway?"),
    may("How many letters were sent to Norway in 2020?"),
)


def recipe(dish: str) -> dict[str, Any]:
    """Recipe of a dish."""
    return {"dish": dish, "minutes": 25, "servings": 4, "ingredients": ["rice", "peas", "salt"],
            "vegan": True}  # fmt: skip


add(
    "kitchen",
    [recipe],
    must("How many minutes does the recipe of risotto take?", 25),
    may("How many servings does the recipe of risotto give?", 4),
    may("Is the recipe of risotto vegan?", True),
    may("What are the ingredients of the recipe of risotto?", "rice"),
    may("How many ingredients does the recipe of risotto have?", 3),
    may("How many calories does risotto have?"),
    may("How many grams of rice does the recipe of risotto need?"),
)


def score(player: str) -> str:
    """Score of a player as text."""
    return "1,250 points"


def level(player: str) -> bool:
    """Whether a player has finished the level."""
    return False


add(
    "game",
    [score, level],
    may("What is the score of Kim?", "1,250 points"),
    may("Has Kim finished the level?", False),
    may("How many lives does Kim have?"),
    may("How many players are there?"),
)


def seats(hall: int) -> int:
    """Seats in a hall."""
    return {3: 120}.get(hall, 80)


def vat(amount: float, rate: float) -> float:
    """VAT on an amount at a rate in percent."""
    return round(amount * rate / 100, 2)


def power(base: float, exponent: float) -> float:
    """Raise base to exponent."""
    return float(base**exponent)


add(
    "numbers",
    [seats, vat, power],
    must("How many seats are in hall 3?", 120),
    must("What is the VAT on 200 EUR at 19 percent?", 38),
    must("What is 2 to the power of 10?", 1024),
    must("Use power to raise 2 to the power of 10.", 1024),
    may("What is the number of the hall with 120 seats?", 3),
    may("How many halls are there?"),
    may("How many people can sit in hall 3?"),
    may("What is the VAT on 200 EUR?"),
)


def train(number: str) -> dict[str, Any]:
    """A train: departure, platform, destination, delay_minutes."""
    return {"departure": "10:42", "platform": 7, "destination": "Bergen", "delay_minutes": 12}


def loans(member: str) -> list[dict[str, Any]]:
    """Books that a member has borrowed, with title and due date."""
    return [{"title": "Dune", "due": "2026-05-01"}, {"title": "Emma", "due": "2026-04-12"}]


def is_open(shop: str) -> bool:
    """Whether a shop is open now."""
    return True


add(
    "station",
    [train, loans, is_open],
    must("When does train IC5 leave?", "10:42"),
    must("From which platform does train IC5 leave?", 7),
    must("How many books has Kim borrowed?", 2),
    must("Is the shop Miller open?", True),
    may("When does Miller open?"),
    may("How many passengers does train IC5 have?"),
    may("What is the speed of train IC5?"),
    may("What is the fine of Kim?"),
)

add(
    "told",
    [],
    must("What do apples cost?", 3),
    must("How many apples are there?", 12),
    must("Who is the owner of the shop?", "Kim Holm"),
    must("What is the sum of the price of apples and the price of plums?", 5),
    may("How many plums are there?"),
    may("What do pears cost?"),
    may("What is the price of 5 apples?", 15),
    may("When did the shop open?", 1987),
    may("When does the shop close?"),
    may("How old is the shop?"),
    may("What is the profit of the shop?"),
    may("How many customers came in 1987?"),
    may("What is 12 plus the number of apples?", 24),
    may("How many apples and plums are there together?"),
    system="You run a shop. Apples cost 3 EUR. Plums cost 2 EUR. The shop has 12 apples. It opened "
    "in 1987. Kim Holm is the owner of the shop.",
)

add(
    "sums",
    [],
    must("What is 50 EUR minus 20%?", 40),
    must("What is 15% of 80?", 12),
    must("Add 2, 3 and 4.", 9),
    must("Multiply 2, 3 and 4.", 24),
    must("What is 12 x 31?", 372),
    may("What is 1e3 + 5?", 1005),
    may("What is half of 9?", 4.5),
    may("How many days are in 3 weeks?", 21),
    may("Pick a number between 1 and 10."),
    may("How old is someone born in 1990?"),
)
