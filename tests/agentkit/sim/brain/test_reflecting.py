from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from agentkit import Agent, open_log

STATEMENTS = """Statements:
1. The crane of Amber broke and two ships wait.
2. Karin Holm had coffee.
3. The storm sank the Heron.
4. Two ships wait for the crane of Amber."""


class Questions(BaseModel):
    questions: list[str]


class Insight(BaseModel):
    insight: str
    because: list[int]


class Insights(BaseModel):
    insights: list[Insight]


async def test_trouble_is_rated_higher_than_routine() -> None:
    rater = Agent("rater", "You rate memories.", model="sim:careful")
    rates = []
    for text in ("Karin Holm had coffee.", "The storm sank the Heron."):
        ask = f"Memory: {text}\nRate its importance from 1 to 10."
        rating = await rater(
            ask, output=Annotated[int, Field(ge=1, le=10)], log=open_log("memory:")
        )
        rates.append(rating.data)
    assert rates[0] < 3 < 6 < rates[1]


async def test_questions_are_about_what_the_statements_share() -> None:
    asker = Agent("asker", "You look at what somebody remembers.", model="sim:careful")
    ask = f"{STATEMENTS}\n\nWhat are the 2 most salient high-level questions about them?"
    found = await asker(ask, output=Questions, log=open_log("memory:"))
    assert len(found.data.questions) == 2 and "Amber" in found.data.questions[0]


async def test_an_insight_points_at_the_statements_it_comes_from() -> None:
    asker = Agent("asker", "You look at what somebody remembers.", model="sim:careful")
    ask = f"{STATEMENTS}\n\nWhat 5 high-level insights can you infer? Name the numbers."
    found = await asker(ask, output=Insights, log=open_log("memory:"))
    (one,) = found.data.insights
    assert one.because == [1, 4] and "crane of Amber" in one.insight


async def test_what_is_inferred_from_an_insight_does_not_wrap_it_up_again() -> None:
    thinker = Agent("thinker", "You look at what somebody remembers.", model="sim:careful")
    ask = (
        f"{STATEMENTS}\n5. About the crane: The crane of Amber broke and two ships wait; Two ships"
        " wait for the crane of Amber.\n\nWhat 5 high-level insights on the question 'What is"
        " happening with Amber?' can you infer? Name the numbers."
    )
    found = await thinker(ask, output=Insights, log=open_log("memory:"))
    (one,) = found.data.insights
    assert one.because == [1, 4, 5] and one.insight.count("About") == 1
    assert one.insight.count("two ships wait") == 1
