"""%%agent: define an agent; the body is its instructions."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator
from typing import Any

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.context import Memory
from agentkit.errors import SetupError
from agentkit.tools.toolbox import is_tool
from agentkit.words import for_line
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number, whole
from nbext.servers import servers
from nbext.session import Session, sort_of
from nbext.show import publish, small
from nbext.template import render

GRAMMAR = Grammar(
    magic="%%agent",
    usage="NAME",
    options=(
        Option(name="--model", value="MODEL", help="such as sim:careful or openai:gpt-5-mini"),
        Option(
            name="--tools",
            value="TOOLS",
            help="variables that hold tools, actors or lists of them: a,b; of a server: files.*",
        ),
        Option(
            name="--memory",
            value="MEMORIES",
            help="variables that hold memories, or lists of them: notes,board",
        ),
        Option(name="--temperature", value="T", help="0 to 2; left to the endpoint by default"),
        Option(name="--max-tokens", value="N", help="tokens of a reply at most"),
        Option(name="--max-turns", value="N", help="model calls per ask at most; 12 by default"),
    ),
    takes=("NAME",),
    least=1,
    most=1,
)


KINDS = {"tool": "a function marked @tool", "memory": "a memory, such as VectorMemory('notes')"}


def agent(session: Session, line: Line, body: str | None) -> None:
    """Define an agent; the body is its instructions, and NAME becomes a variable.

    Example:
        %%agent clerk --tools tariff
        You answer questions about the port of Amber in one sentence.

    Then ask it: %%ask clerk. {{ expressions }} in the body are filled in now. Defining a
    name again replaces the agent. `--memory notes` lets it keep things outside its
    conversation; agents that are given the same memory share it.
    """
    name = checked(session, line.words[0])
    instructions = render((body or "").strip(), session.namespace)
    if not instructions:
        raise SetupError(
            f"%%agent {name} has no instructions.",
            expected="below the first line: who it is and what it does",
        )
    options: dict[str, Any] = {}
    if (temperature := line.one("--temperature")) is not None:
        options["temperature"] = number(GRAMMAR, "--temperature", temperature, most=2)
    if (tokens := line.one("--max-tokens")) is not None:
        options["max_tokens"] = whole(GRAMMAR, "--max-tokens", tokens, least=1)
    if (turns := line.one("--max-turns")) is not None:
        options["max_turns"] = whole(GRAMMAR, "--max-turns", turns, least=1)
    tools = tools_of(session, line.one("--tools"))
    memory = memories_of(session, line.one("--memory"))
    model = line.one("--model")
    made = Agent(name, instructions, model=model, tools=tools, memory=memory, **options)
    before = session.namespace.get(name)
    session.namespace[name] = made
    if isinstance(before, Actor):
        session.redefined = [*(n for n in session.redefined if n != name), name]
    tell(made, isinstance(before, Actor))


def checked(session: Session, name: str, what: str = "An agent") -> str:
    """The name, if a variable can be called so and none of the user's own is lost.

    Raises:
        SetupError: it is no name, one of Python's, or holds something else.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise SetupError(
            f"{what} cannot be called {name!r}, because it becomes a variable.",
            expected="a Python name, such as clerk or data_clerk",
        )
    if hasattr(builtins, name):
        raise SetupError(
            f"{name} is a function of Python's own, which {what.lower()} of that name would hide.",
            todo=f"choose another name, such as {name}_{what.split()[-1]}",
        )
    held = session.namespace.get(name)
    if held is not None and not isinstance(held, Actor):
        raise SetupError(
            f"{name} already holds a {sort_of(held)}.",
            expected=f"a free name, or that of {what.lower()} to replace",
            todo=f"choose another name, or first: del {name}",
        )
    return name


def tools_of(session: Session, names: str | None) -> list[Any]:
    """The tools that are named; actors become tools, lists are opened.

    Raises:
        SetupError: a name that holds no tool.
    """
    found: list[Any] = []
    for name, value in named_values(session, names, "tool", tools_known(session)):
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Actor):
                found.append(one.as_tool())
            elif callable(one) or is_tool(one):
                found.append(one)
            else:
                raise SetupError(
                    f"{name} is a {type(one).__name__}, not a tool.",
                    expected="a function with a docstring, a @tool, an actor, or a list of them",
                )
    return found


def memories_of(session: Session, names: str | None) -> list[Memory]:
    """The memories that are named; lists are opened.

    Raises:
        SetupError: a name that holds no memory.
    """
    found: list[Memory] = []
    for name, value in named_values(session, names, "memory", list(session.memories())):
        for one in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(one, Memory):
                raise SetupError(
                    f"{name} is a {sort_of(one)}, not a memory.",
                    expected=", ".join(session.memories()) or "such as VectorMemory('notes')",
                    todo="make one first: from memory import VectorMemory",
                )
            found.append(one)
    return found


def named_values(
    session: Session, names: str | None, what: str, known: list[str]
) -> Iterator[tuple[str, Any]]:
    """Names between commas, each with its value.

    Raises:
        SetupError: one that holds nothing.
    """
    for name in filter(None, (part.strip() for part in (names or "").split(","))):
        yield name, resolve(session, name, what, known)


def resolve(session: Session, name: str, what: str, known: list[str]) -> Any:
    """The value of a variable, or of an attribute: tariff, world.tariff.

    Raises:
        SetupError: there is none.
    """
    # All tools of a server are the list that its variable holds.
    first, *rest = name.removesuffix(".*").split(".")
    missing = object()
    value = session.namespace.get(first, missing)
    for part in rest:
        value = getattr(value, part, missing)
    if value is missing:
        raise SetupError(
            f"There is no {what} {name!r} in this notebook.",
            expected=", ".join(known) or f"{KINDS[what]}, but there is none yet",
            todo=meant(name, known) or "run the cell that defines it, then this one again",
        )
    return value


def tools_known(session: Session) -> list[str]:
    """Variables that hold tools, and servers, all of whose tools are meant."""
    known = [
        name
        for name, value in list(session.namespace.items())
        if is_tool(value) and not name.startswith("_")
    ]
    return known + [f"{name}.*" for name in servers(session)]


def tell(made: Agent, replaced: bool) -> None:
    """Say in one line what was defined."""
    tools = ", ".join(one.spec.signature for one in made.tools.values())
    kept = ", ".join(one.name for one in made.memories)
    facts = [made.model_name, *([f"memory: {kept}"] if kept else [])]
    facts += [f"tools: {tools}"] if tools else []
    if replaced:
        facts.append("replaces the earlier one")
    publish(
        {
            "text/markdown": f"**{for_line(made.name)}** {small(' · '.join(facts))}",
            "text/plain": " · ".join([made.name, *facts]),
        }
    )


AGENT = Magic("agent", "cell", GRAMMAR, agent)
