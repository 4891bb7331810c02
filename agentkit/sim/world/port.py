"""The port of Amber: a small world with tables, documents, tools and questions with answers.

from agentkit.sim import world
port = world.world()
port.questions_at(2)[0].text
tools = port.tools()
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from agentkit.sim.world.documents import PortDocument, make_documents
from agentkit.sim.world.questions import PortQuestion, make_questions
from agentkit.sim.world.tables import Tables, make_tables
from agentkit.sim.world.tools import ToolFunction, make_functions
from agentkit.tools import FunctionTool, tool

DEFAULT_SEED = 7


@dataclass(frozen=True)
class World:
    """Everything there is to know about the port of Amber in one seed's version."""

    seed: int
    tables: Tables
    documents: tuple[PortDocument, ...]
    questions: tuple[PortQuestion, ...]

    def questions_at(self, level: int) -> list[PortQuestion]:
        """Return the questions of a level: 1 one look-up, 2 two hops, 3 several and arithmetic.

        Raises:
            ValueError: the level is not 1, 2 or 3.
        """
        if level not in (1, 2, 3):
            raise ValueError(f"There is no level {level!r}; questions have the levels 1, 2 and 3.")
        return [question for question in self.questions if question.level == level]

    def document(self, id: str) -> PortDocument:
        """Return a document by its id.

        Raises:
            KeyError: no document has this id; the text lists the ids.
        """
        for document in self.documents:
            if document.id == id:
                return document
        known = ", ".join(document.id for document in self.documents)
        raise KeyError(f"There is no document {id!r}; the documents are {known}.")

    def functions(self) -> list[ToolFunction]:
        """Return plain functions over this world; they only look things up."""
        return make_functions(self.tables, self.documents)

    def tools(self) -> list[FunctionTool]:
        """Return the functions as tools for an agent; they can still be called by hand."""
        return [tool(effect="pure")(function) for function in self.functions()]

    def tool(self, name: str) -> FunctionTool:
        """Return one of the tools by its name.

        Raises:
            KeyError: no tool has this name; the text lists the names.
        """
        tools = {one.name: one for one in self.tools()}
        if name not in tools:
            raise KeyError(f"There is no tool {name!r}; the world's tools are {', '.join(tools)}.")
        return tools[name]


@cache
def world(seed: int = DEFAULT_SEED) -> World:
    """Return the world of a seed, made once per process; equal seeds give equal worlds."""
    rng = random.Random(seed)
    tables = make_tables(rng)
    documents = make_documents(tables, rng)
    return World(seed, tables, documents, make_questions(tables, documents, rng))
