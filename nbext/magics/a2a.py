"""%a2a: agents elsewhere as actors of this notebook, and its actors for agents elsewhere."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from agentkit.errors import AgentkitError, SetupError
from nbext.magics.agent import checked
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number
from nbext.servers import adapters
from nbext.session import Session
from nbext.table import Table, Told

if TYPE_CHECKING:
    from agentkit.protocols import A2aService, RemoteAgent

ADD = (
    Option(name="--token", value="TOKEN", help="sent as a bearer token: {{ token }}"),
    Option(
        name="--key", value="FILE", help="a public key that must have signed its card", many=True
    ),
    Option(name="--host", value="NAME:PORT", help="where else its card may send", many=True),
    Option(name="--timeout", value="S", help="seconds of an ask at most; 600 by default"),
)
SERVE = (
    Option(name="--port", value="PORT", help="a free one by default"),
    Option(name="--token", value="TOKEN", help="that callers must bring: {{ token }}"),
    Option(name="--budget", value="USD", help="what one task may spend"),
)
USAGE = {
    "add": "add NAME http://…",
    "serve": "serve ACTOR",
    "stop": "stop ACTOR",
    "show": "show NAME",
    "remove": "remove NAME",
}
ACTIONS = tuple(USAGE)

SERVED: WeakKeyDictionary[Session, dict[str, A2aService]] = WeakKeyDictionary()
"""What each notebook serves, by variable."""


def fits(_: Session, text: str) -> Grammar:
    """What may stand on the line, by its first word."""
    action = text.split(maxsplit=1)[0] if text.split() else ""
    usage = USAGE.get(action, "[" + " | ".join(USAGE.values()) + "]")
    options = {"add": ADD, "serve": SERVE}.get(action, ())
    takes = ("A2A", "ACTOR")
    least, most = {"add": (3, 3), "": (0, 0)}.get(action, (1, 2))
    return Grammar(
        magic="%a2a", usage=usage, options=options, takes=takes, least=least, most=most or 2
    )


async def a2a(session: Session, line: Line, body: str | None) -> Any:
    """Ask agents elsewhere over A2A, serve actors to them, or list both.

    Examples:
        %a2a add port http://127.0.0.1:8766
        %a2a add lab https://lab.example.org --token "{{ token }}" --key lab.jwk
        %a2a show port
        %a2a serve team --port 8766
        %a2a stop team

    NAME becomes a variable that holds the agent, an actor like any other: `%%ask port`. What is
    served, serves until it is stopped or the kernel ends; its tasks go on when it is served again.
    """
    action, *names = line.words or ("",)
    if action == "add":
        return await added(session, names[0], names[1], line)
    if action == "serve":
        return await served(session, names, line)
    if action == "stop":
        name = one_of(names, SERVED.get(session, {}), "is served")
        await SERVED[session].pop(name).stop()
        return Told(text=f"{name} is served no more; its tasks go on when it is served again.")
    if action in ("show", "remove"):
        name = one_of(names, remotes(session), "was added")
        if action == "show":
            return shown(session.namespace[name])
        del session.namespace[name]
        return Told(text=f"{name} is forgotten.")
    if action:
        raise SetupError(
            f"%a2a does not know what to do with {action!r}.",
            expected=", ".join(ACTIONS),
            todo=meant(action, ACTIONS),
        )
    return await listed(session)


async def added(session: Session, name: str, url: str, line: Line) -> Told:
    """Add an agent by its address.

    Raises:
        SetupError: no name, no address. PeerError: it is not there, or not as it should be.
    """
    checked(session, name, "An agent")
    limit = line.one("--timeout")
    how: dict[str, Any] = {} if limit is None else {"timeout_s": seconds(limit)}
    found = await adapters("RemoteAgent").a2a_agent(
        url,
        name=name,
        token=plain(line.one("--token") or ""),
        keys=[plain(one) for one in line.given.get("--key", ())],
        hosts=line.given.get("--host", ()),
        **how,
    )
    session.namespace[name] = found
    skills = ", ".join(one.name for one in found.card.skills[:20])
    card = f"its card is {found.signed}" if found.signed != "unknown" else "its card is signed"
    return Told(
        text=f"{name} · {found.peer.place} · {card}. It can: {skills}. Ask it: %%ask {name}"
    )


async def served(session: Session, names: list[str], line: Line) -> Told:
    """Serve an actor.

    Raises:
        SetupError: there is none of that name, or it cannot be served.
    """
    name = one_of(names, session.actors(), "is an actor here")
    running = SERVED.setdefault(session, {})
    if name in running:
        await running.pop(name).stop()
    budget, port = line.one("--budget"), line.one("--port")
    token = plain(line.one("--token") or "")
    service = await adapters("RemoteAgent").serve_a2a(
        session.actors()[name],
        port=0 if port is None else int(number(grammar("serve"), "--port", port)),
        token=token,
        budget_usd=None if budget is None else number(grammar("serve"), "--budget", budget),
    )
    running[name] = service
    went_on = f" {len(service.tasks)} of its tasks go on." if service.tasks else ""
    return Told(text=f"{name} is served at {service.url}.{went_on} %a2a stop {name} ends it.")


def grammar(action: str) -> Grammar:
    """For errors about options."""
    return Grammar(magic="%a2a", usage=USAGE[action])


def seconds(text: str) -> float:
    """A time-out."""
    return number(grammar("add"), "--timeout", text)


def plain(text: str) -> str:
    """A value without the quotes around it."""
    return text.strip("'\"")


def one_of(names: list[str], known: Any, what: str) -> str:
    """The name that is given.

    Raises:
        SetupError: it names nothing.
    """
    if not names or names[0] not in known:
        raise SetupError(
            f"Nothing that {what} is called {names[0]!r}." if names else "No name is given.",
            expected=", ".join(known) or f"one that {what}, but there is none yet",
            todo=meant(names[0], known) if names else None,
        )
    return names[0]


def remotes(session: Session) -> dict[str, RemoteAgent]:
    """The agents elsewhere that variables hold; the SDK is not loaded to see it."""
    module = sys.modules.get("agentkit.protocols.a2a.remote")
    if module is None:
        return {}
    return {n: one for n, one in session.actors().items() if isinstance(one, module.RemoteAgent)}


async def listed(session: Session) -> Table:
    """The agents elsewhere, looked at now, and what is served here."""
    found = remotes(session)
    states = await asyncio.gather(*(state_of(one) for one in found.values()))
    rows: list[tuple[str, ...]] = [
        (name, "asked", one.peer.place, state, one.signed)
        for (name, one), state in zip(found.items(), states, strict=True)
    ]
    rows += [
        (name, "served", one.url, f"{len(one.tasks)} tasks under way", "")
        for name, one in SERVED.get(session, {}).items()
    ]
    return Table(
        head=("agent", "is", "address", "state", "card"),
        rows=tuple(rows),
        empty=f"No agents yet: %a2a {USAGE['add']}, or %a2a {USAGE['serve']}",
    )


async def state_of(one: RemoteAgent) -> str:
    """Whether an agent is well: its card is read, and nothing asked."""
    try:
        await one.peer.look()
        return "well"
    except AgentkitError as error:
        return f"broken: {error.what}"


def shown(one: RemoteAgent) -> Table:
    """What an agent says of itself."""
    return Table(
        head=("skill", "what it says of it", "tags"),
        rows=tuple(
            (skill.name, skill.description, ", ".join(skill.tags)) for skill in one.card.skills
        ),
        empty="It names no skills.",
        note=f"{one.peer.place}, version {one.card.version}, card {one.signed}."
        " What it says is data.",
    )


A2A = Magic("a2a", "line", fits(None, ""), a2a, fits=fits)  # type: ignore[arg-type]
