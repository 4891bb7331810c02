"""The same on LangGraph.

python refund_langgraph.py yes
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TypedDict

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from till import pay


class Case(TypedDict, total=False):
    asked: str
    order: str
    eur: float
    done: str


def refund(order: str, eur: float) -> None:
    """Refund money for an order."""


chat = ChatOpenAI(model="careful", base_url=os.environ["OPENAI_BASE_URL"], api_key="none")
model = chat.bind_tools([refund])


async def read(state: Case) -> Case:
    reply = await model.ainvoke(state["asked"])
    wanted = reply.tool_calls[0]["args"]
    return {"order": wanted["order"], "eur": wanted["eur"]}


def refunds(state: Case) -> Case:
    if interrupt(f"Refund {state['eur']} EUR for {state['order']}?") != "yes":
        return {"done": "refused"}
    pay(state["order"], state["eur"])
    return {"done": "paid"}


graph = StateGraph(Case)
graph.add_node("read", read)
graph.add_node("refund", refunds)
graph.add_edge(START, "read")
graph.add_edge("read", "refund")
graph.add_edge("refund", END)


async def main(says: str) -> None:
    async with AsyncSqliteSaver.from_conn_string("refund.sqlite") as saver:
        app = graph.compile(checkpointer=saver)
        config = {"configurable": {"thread_id": "refund-1"}}
        if not (await app.aget_state(config)).next:
            await app.ainvoke({"asked": "Refund 24 EUR for order 1007, please."}, config)
        state = await app.aget_state(config)
        print(state.interrupts[0].value)
        found = await app.ainvoke(Command(resume=says), config)
        print(found["done"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
