"""Texts and what is said in them, held out: written before what is measured with them.

Whoever reads one moves these to `seen` and writes new ones.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from benchmarks.local.extraction import Case
from benchmarks.local.seen import told


class Concert(BaseModel):
    """Who plays where."""

    band: str
    hall: str
    price: float


class Loan(BaseModel):
    """A book that was lent."""

    reader: str
    title: str
    days: int


class Car(BaseModel):
    """A car that is for sale."""

    brand: str
    colour: Literal["red", "blue", "black", "white"]
    year: int


class Room(BaseModel):
    """A room in a hotel."""

    guest: str
    nights: int
    breakfast: bool


class Runner(BaseModel):
    """A result of a race."""

    runner: str
    country: str
    rank: int


class Mail(BaseModel):
    """A letter that came in."""

    sender: str
    subject: str
    priority: Literal["low", "normal", "high"]


class Sensor(BaseModel):
    """What a sensor says."""

    sensor: str
    celsius: float
    alarm: bool


class Recipe(BaseModel):
    """What goes into a cake."""

    ingredient: str
    grams: int


class Course(BaseModel):
    """A course at a college."""

    course: str
    lecturer: str
    weekday: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]


class Ticket(BaseModel):
    """A complaint of a customer."""

    customer: str
    product: str
    solved: bool


HELD_OUT: list[Case] = [
    *told(Concert, (
        ("Tonight the Blue Owls play in Albert Hall, tickets cost 25.5 euros.",
         {"band": "Blue Owls", "hall": "Albert Hall", "price": 25.5}),
        ("Arena Nord: Stonefish, from 40 euros.",
         {"band": "Stonefish", "hall": "Arena Nord", "price": 40}),
        ("For 18 euros you can hear Vega in the Palladium.",
         {"band": "Vega", "hall": "Palladium", "price": 18}),
        ("Marrow gives a concert at Rex Theatre. A seat is 32 euros.",
         {"band": "Marrow", "hall": "Rex Theatre", "price": 32}),
        ("The Lanterns come to Forum on Sunday, 12.5 euros.",
         {"band": "Lanterns", "hall": "Forum", "price": 12.5}),
        ("In the Kursaal the band Ostara plays; you pay 21 euros.",
         {"band": "Ostara", "hall": "Kursaal", "price": 21}),
    )),
    *told(Loan, (
        ("Petra took Middlemarch home for 14 days.",
         {"reader": "Petra", "title": "Middlemarch", "days": 14}),
        ("Silas Marner was lent to Mr Osei for 21 days.",
         {"reader": "Mr Osei", "title": "Silas Marner", "days": 21}),
        ("For 7 days Nuria has borrowed Nostromo.",
         {"reader": "Nuria", "title": "Nostromo", "days": 7}),
        ("Dieter may keep Ivanhoe 30 days.", {"reader": "Dieter", "title": "Ivanhoe", "days": 30}),
        ("The reader Wanda has had Candide for 3 days.",
         {"reader": "Wanda", "title": "Candide", "days": 3}),
        ("Title: Germinal. Reader: Ewan. Days: 10.",
         {"reader": "Ewan", "title": "Germinal", "days": 10}),
    )),
    *told(Car, (
        ("A red Skoda of 2014, hardly used.", {"brand": "Skoda", "colour": "red", "year": 2014}),
        ("I sell my Volvo. It is black and was built in 2009.",
         {"brand": "Volvo", "colour": "black", "year": 2009}),
        ("From 2021: Fiat, white, one owner.",
         {"brand": "Fiat", "colour": "white", "year": 2021}),
        ("The Honda is blue. First registered 2017.",
         {"brand": "Honda", "colour": "blue", "year": 2017}),
        ("This white Seat left the factory in 2003.",
         {"brand": "Seat", "colour": "white", "year": 2003}),
        ("Built in 1998, this Saab in black still drives well.",
         {"brand": "Saab", "colour": "black", "year": 1998}),
    )),
    *told(Room, (
        ("Ms Duval stays 3 nights with breakfast.",
         {"guest": "Ms Duval", "nights": 3, "breakfast": True}),
        ("A room for Henrik, 2 nights, without breakfast.",
         {"guest": "Henrik", "nights": 2, "breakfast": False}),
        ("Breakfast included: 5 nights for Amara.",
         {"guest": "Amara", "nights": 5, "breakfast": True}),
        ("Tobias wants a room for 4 nights and no breakfast.",
         {"guest": "Tobias", "nights": 4, "breakfast": False}),
        ("We expect Mr Ito for 6 nights. He does not take breakfast.",
         {"guest": "Mr Ito", "nights": 6, "breakfast": False}),
        ("Lotte arrives tomorrow, 1 nights, and would like breakfast.",
         {"guest": "Lotte", "nights": 1, "breakfast": True}),
    )),
    *told(Runner, (
        ("Kiplagat from Kenya came in as number 1.",
         {"runner": "Kiplagat", "country": "Kenya", "rank": 1}),
        ("On rank 4 is Moreau, who runs for France.",
         {"runner": "Moreau", "country": "France", "rank": 4}),
        ("Sweden's Lindqvist finished on rank 7.",
         {"runner": "Lindqvist", "country": "Sweden", "rank": 7}),
        ("Rank 12: Duarte (Portugal).", {"runner": "Duarte", "country": "Portugal", "rank": 12}),
        ("The runner Haile of Ethiopia was number 2.",
         {"runner": "Haile", "country": "Ethiopia", "rank": 2}),
        ("For Canada, Bouchard reached rank 9.",
         {"runner": "Bouchard", "country": "Canada", "rank": 9}),
    )),
    *told(Mail, (
        ("Zoe wrote about the rent. Her letter has high priority.",
         {"sender": "Zoe", "subject": "rent", "priority": "high"}),
        ("Letter from Mr Falk, subject garden, priority low.",
         {"sender": "Mr Falk", "subject": "garden", "priority": "low"}),
        ("Normal priority: Ines asks about insurance.",
         {"sender": "Ines", "subject": "insurance", "priority": "normal"}),
        ("The bank has written; subject: mortgage. This is high.",
         {"sender": "bank", "subject": "mortgage", "priority": "high"}),
        ("A message of Arno about parking. It has low priority.",
         {"sender": "Arno", "subject": "parking", "priority": "low"}),
        ("Subject holidays, sender Britta, normal.",
         {"sender": "Britta", "subject": "holidays", "priority": "normal"}),
    )),
    *told(Sensor, (
        ("Sensor T4 shows 81.5 degrees Celsius, alarm!",
         {"sensor": "T4", "celsius": 81.5, "alarm": True}),
        ("No alarm from K2: 19 celsius.", {"sensor": "K2", "celsius": 19, "alarm": False}),
        ("P11 measures 22.5 celsius and gives no alarm.",
         {"sensor": "P11", "celsius": 22.5, "alarm": False}),
        ("The alarm is on. At sensor B7 it is 96 celsius.",
         {"sensor": "B7", "celsius": 96, "alarm": True}),
        ("At H3 we read 4.5 celsius, all quiet, there is no alarm.",
         {"sensor": "H3", "celsius": 4.5, "alarm": False}),
        ("Alarm of sensor C9, which has 70 celsius.",
         {"sensor": "C9", "celsius": 70, "alarm": True}),
    )),
    *told(Recipe, (
        ("Add 200 grams of flour.", {"ingredient": "flour", "grams": 200}),
        ("Now the butter: 125 grams.", {"ingredient": "butter", "grams": 125}),
        ("You need sugar, 90 grams of it.", {"ingredient": "sugar", "grams": 90}),
        ("Stir in 50 grams of almonds.", {"ingredient": "almonds", "grams": 50}),
        ("The recipe asks for 300 grams of quark.", {"ingredient": "quark", "grams": 300}),
        ("Melt the chocolate, 150 grams.", {"ingredient": "chocolate", "grams": 150}),
    )),
    *told(Course, (
        ("Dr Hahn teaches algebra every Tuesday.",
         {"course": "algebra", "lecturer": "Dr Hahn", "weekday": "Tuesday"}),
        ("On Friday there is botany with Professor Ruiz.",
         {"course": "botany", "lecturer": "Professor Ruiz", "weekday": "Friday"}),
        ("Rhetoric, Monday at nine, is given by Dr Mbeki.",
         {"course": "rhetoric", "lecturer": "Dr Mbeki", "weekday": "Monday"}),
        ("Every Wednesday Mrs Chan lectures on optics.",
         {"course": "optics", "lecturer": "Mrs Chan", "weekday": "Wednesday"}),
        ("The course in drawing is on Thursday; the lecturer is Vogel.",
         {"course": "drawing", "lecturer": "Vogel", "weekday": "Thursday"}),
        ("Course: logic. Lecturer: Farouk. Weekday: Monday.",
         {"course": "logic", "lecturer": "Farouk", "weekday": "Monday"}),
    )),
    *told(Ticket, (
        ("Ms Petrov's toaster burned; this is solved.",
         {"customer": "Ms Petrov", "product": "toaster", "solved": True}),
        ("The customer Levi cannot start his printer. Not solved yet.",
         {"customer": "Levi", "product": "printer", "solved": False}),
        ("Solved: Agnes got a new kettle.",
         {"customer": "Agnes", "product": "kettle", "solved": True}),
        ("Mr Quinn has trouble with the camera, and we have not solved it.",
         {"customer": "Mr Quinn", "product": "camera", "solved": False}),
        ("A drill of the customer Jonna lost its chuck, solved on Friday.",
         {"customer": "Jonna", "product": "drill", "solved": True}),
        ("Product: vacuum cleaner. Customer: Sandor. It is not solved.",
         {"customer": "Sandor", "product": "vacuum cleaner", "solved": False}),
    )),
]  # fmt: skip
