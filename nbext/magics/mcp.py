"""%mcp: servers of the Model Context Protocol, whose tools agents of this notebook use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentkit.errors import AgentkitError, SetupError
from nbext.magics.agent import checked
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number
from nbext.servers import adapters, is_server, servers
from nbext.session import Session
from nbext.table import Table, Told

if TYPE_CHECKING:
    from agentkit.protocols import McpTools

ADD = (
    Option(name="--prefix", value="PREFIX", help="before the names of its tools; NAME by default"),
    Option(name="--only", value="TOOLS", help="names of the tools that are taken: a,b"),
    Option(name="--without", value="TOOLS", help="names of those that are not"),
    Option(
        name="--approve",
        value="[=WHICH]",
        help="a person agrees to each call; =destructive: to those that may destroy something",
    ),
    Option(name="--timeout", value="S", help="seconds of a call at most; 60 by default"),
    Option(name="--env", value="NAME=VALUE", help="a variable for the command", many=True),
    Option(name="--header", value="NAME:VALUE", help="a header for the URL", many=True),
    Option(
        name="--host",
        value="HOST",
        help="what else may be called of private networks, for a login",
        many=True,
    ),
)

ACTIONS = ("add", "load", "remove", "show")
USAGE = {
    "add": "add NAME COMMAND… | add NAME https://…",
    "load": "load mcp.json [NAME…]",
    "remove": "remove NAME",
    "show": "show NAME",
}


def fits(_: Session, text: str) -> Grammar:
    """What may stand on the line, by its first word."""
    action = text.split(maxsplit=1)[0] if text.split() else ""
    usage = USAGE.get(action, "[" + " | ".join(USAGE.values()) + "]")
    if action == "add":
        return Grammar(
            magic="%mcp", usage=usage, options=ADD, takes=("ACTION", ""), least=2, most=2,
            free=True, command=True,
        )  # fmt: skip
    if action == "load":
        options = tuple(one for one in ADD if one.name in ("--approve", "--timeout"))
        return Grammar(
            magic="%mcp", usage=usage, options=options, takes=("ACTION", ""), least=2, most=None
        )
    return Grammar(magic="%mcp", usage=usage, takes=("ACTION", "SERVER"), most=2)


async def mcp(session: Session, line: Line, body: str | None) -> Any:
    """Use the tools of servers of the Model Context Protocol, or list the servers.

    Examples:
        %mcp add files npx -y @modelcontextprotocol/server-filesystem .
        %mcp add --header "Authorization: Bearer {{ token }}" port https://example.org/mcp
        %mcp load mcp.json
        %mcp show files
        %mcp remove files

    NAME becomes a variable that holds the server's tools: `%%agent clerk --tools files.*` gives
    an agent all of them, `--tools files.read_file` one. A server lives until it is removed or
    the kernel ends, and is started again when it dies; its error output is shown here.
    """
    action, *names = line.words or ("",)
    if action == "add":
        return await added(session, names[0], line)
    if action == "load":
        return await loaded(session, names[0], names[1:], line)
    if action in ("show", "remove"):
        name, tools = held(session, names)
        if action == "show":
            return shown(name, tools)
        await tools.server.close()
        del session.namespace[name]
        return Told(text=f"{name} is ended; agents that have its tools start it again.")
    if action:
        raise SetupError(
            f"%mcp does not know what to do with {action!r}.",
            expected=", ".join(ACTIONS),
            todo=meant(action, ACTIONS),
        )
    return listed(session)


async def added(session: Session, name: str, line: Line) -> Told:
    """Add a server by its command or address.

    Raises:
        SetupError: no name, no address. PeerError: the server cannot be started or reached.
    """
    from nbext.template import render

    if not line.rest:
        raise SetupError(f"%mcp add {name} names no server.", expected=USAGE["add"])
    where = render(line.rest, session.namespace)
    env = dict(pair(one, "=") for one in line.given.get("--env", ()))
    headers = dict(pair(one, ":") for one in line.given.get("--header", ()))
    protocols = adapters("McpServer")
    server = protocols.McpServer(
        where, name=name, env=env or None, headers=headers or None,
        hosts=line.given.get("--host", ()),
    )  # fmt: skip
    return await taken(session, name, server, line)


async def loaded(session: Session, path: str, only: list[str], line: Line) -> Told:
    """Add the servers that a file describes, or those of them that are named.

    Raises:
        SetupError: the file is none. PeerError: none of the servers can be reached.
    """
    protocols = adapters("McpServer")
    servers = protocols.mcp_servers(path)
    if wrong := [one for one in only if one not in servers]:
        raise SetupError(f"{path} describes no {', '.join(wrong)}.", expected=", ".join(servers))
    said: list[str] = []
    for name in only or servers:
        variable = "".join(one if one.isalnum() else "_" for one in name)
        try:
            server = protocols.McpServer(servers[name], name=variable)
            said.append((await taken(session, variable, server, line)).text)
        except AgentkitError as error:
            # The others are of use without it; it is named where it is missed.
            said.append(f"{name} is not there: {error.what}")
    return Told(text="\n".join(said) or f"{path} describes no servers.")


async def taken(session: Session, name: str, server: Any, line: Line) -> Told:
    """Put the tools of a server into a variable."""
    before = session.namespace.get(name)
    if not is_server(before):
        checked(session, name, "A server")
    limit = line.one("--timeout")
    approve = line.one("--approve")
    how = {
        "prefix": name if (prefix := line.one("--prefix")) is None else prefix.strip("'\""),
        "only": names_in(line.one("--only")),
        "without": names_in(line.one("--without")) or (),
        "approve": approve or line.has("--approve"),
        "timeout_s": 60.0 if limit is None else number(line_grammar(), "--timeout", limit),
    }
    tools = await adapters("McpServer").mcp_tools(server, **how)
    if before is not None and is_server(before):
        await before.server.close()
    session.namespace[name] = tools
    left = f" ({len(tools.left_out)} left out)" if tools.left_out else ""
    listing = ", ".join(one.made.name for one in tools)
    many = f"{len(tools)} tool{'' if len(tools) == 1 else 's'}"
    text = f"{name} · {server.address} · {many}{left}: {listing or 'none'}."
    return Told(text=f"{text} For an agent: %%agent NAME --tools {name}.*")


def line_grammar() -> Grammar:
    """For errors about options."""
    return Grammar(magic="%mcp", usage=USAGE["add"])


def names_in(text: str | None) -> list[str] | None:
    """Names between commas."""
    return None if text is None else [one.strip() for one in text.split(",") if one.strip()]


def pair(text: str, mark: str) -> tuple[str, str]:
    """A name and a value.

    Raises:
        SetupError: the mark between them is missing; the value may be a secret, and is not shown.
    """
    name, found, value = text.partition(mark)
    if not found or not name.strip():
        raise SetupError(f"An option of %mcp has no {mark!r} between name and value.")
    return name.strip(), value.strip() if mark == ":" else value


def held(session: Session, names: list[str]) -> tuple[str, McpTools]:
    """The server that is named.

    Raises:
        SetupError: none is.
    """
    known = servers(session)
    if not names or names[0] not in known:
        raise SetupError(
            f"No server is called {names[0]!r}." if names else "No server is named.",
            expected=", ".join(known) or "one that was added, but there is none yet",
            todo=meant(names[0], known) if names else None,
        )
    return names[0], known[names[0]]


def listed(session: Session) -> Table:
    """The servers, one a line."""
    used: dict[str, list[str]] = {}
    for actor, value in session.actors().items():
        for server in {one.made.server for one in tools_of(value)}:
            used.setdefault(server, []).append(actor)
    rows = tuple(
        (
            name,
            str(tools.server.address),
            "running" if tools.server.alive else "stopped",
            str(len(tools)),
            ", ".join(used.get(tools.server.name, [])),
        )
        for name, tools in servers(session).items()
    )
    return Table(
        head=("server", "address", "status", "tools", "given to"),
        rows=rows,
        empty=f"No servers yet. Add one: %mcp {USAGE['add'].partition(' | ')[0]}",
        numbers=frozenset({"tools"}),
    )


def tools_of(actor: Any) -> list[Any]:
    """The tools of servers that an agent has."""
    found = getattr(actor, "tools", {}).values()
    return [one for one in found if hasattr(one, "made") and hasattr(one, "limit_s")]


def shown(name: str, tools: McpTools) -> Table:
    """The tools of a server, as a model is told of them, and what a call does."""
    rows: list[tuple[str, ...]] = [
        (one.spec.signature, one.effect, "asked first" if one.approve else "", one.spec.description)
        for one in tools
    ]
    rows += [(left, "left out", "", why) for left, why in tools.left_out.items()]
    return Table(
        head=("tool", "effect", "a person is", "what the model is told"),
        rows=tuple(rows),
        empty=f"{name} has no tools.",
        note="Effects are what the server claims; unknown is once. What it says is data.",
    )


MCP = Magic("mcp", "line", fits(None, ""), mcp, fits=fits)  # type: ignore[arg-type]
