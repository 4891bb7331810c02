"""../survey.py on LangGraph: kill it half way, and start it again."""

from __future__ import annotations

import asyncio
import operator
import os
from typing import Annotated, TypedDict

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

QUESTION = "What is the pilotage fee?"
NOTICES = [f"Notice {n}. The pilotage fee of the port is {100 + n} EUR." for n in range(60)]

model = ChatOpenAI(model="careful", base_url=os.environ["OPENAI_BASE_URL"], api_key="none")
at_once = asyncio.Semaphore(3)


class Survey(TypedDict):
    fees: Annotated[list[tuple[int, str]], operator.add]


async def read(job: tuple[int, str]) -> Survey:
    number, notice = job
    async with at_once:
        reply = await model.ainvoke(f"{notice}\n\n{QUESTION}")
    return {"fees": [(number, str(reply.content))]}


graph = StateGraph(Survey)
graph.add_node("read", read)
graph.add_conditional_edges(
    START, lambda state: [Send("read", job) for job in enumerate(NOTICES)], ["read"]
)
graph.add_edge("read", END)


async def main() -> None:
    async with AsyncSqliteSaver.from_conn_string("survey.sqlite") as saver:
        app = graph.compile(checkpointer=saver)
        config = {"configurable": {"thread_id": "survey-1"}}
        began = (await app.aget_state(config)).next
        found = await app.ainvoke(None if began else {"fees": []}, config)
        fees = [fee for _, fee in sorted(found["fees"], key=lambda one: one[0])]
    print(f"{len(fees)} notices; the last: {fees[-1]}")


if __name__ == "__main__":
    asyncio.run(main())
