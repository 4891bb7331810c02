"""`agentkit mcp`: what a file or module defines, served to clients of the protocol."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from agentkit.errors import AgentkitError, SetupError, error_text, full_text
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.protocols.mcp.serve import serve_mcp, serve_stdio
from agentkit.words import for_terminal

TOKEN = "AGENTKIT_MCP_TOKEN"


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit mcp`."""
    made = argparse.ArgumentParser(
        prog="agentkit mcp",
        description="Serve tools, agents, teams and memories to clients of the Model Context"
        " Protocol: over standard input and output, or over HTTP.",
    )
    made.add_argument(
        "what",
        nargs="+",
        metavar="FILE_OR_MODULE:NAME",
        help="such as harbour.py:tariff,clerk or package.module:team; a list of such is one, too",
    )
    made.add_argument("--http", type=int, metavar="PORT", help="over HTTP; 0 takes a free port")
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME:PORT",
        help="a name under which it is reached; may be repeated",
    )
    made.add_argument(
        "--token-env",
        default=TOKEN,
        metavar="VARIABLE",
        help=f"variable with the token that callers must bring; {TOKEN} by default",
    )
    made.add_argument("--name", default="agentkit", help="of the server, as clients are told")
    made.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    return made


def found(what: str) -> list[Any]:
    """What `FILE_OR_MODULE:NAME` means.

    Raises:
        SetupError: no such file, module or name, or it failed when it was imported.
    """
    place, mark, names = what.rpartition(":")
    if not mark or not names:
        raise SetupError(f"{what} names nothing in a module.", expected="FILE_OR_MODULE:NAME")
    module = imported(place)
    things = []
    for name in names.split(","):
        value: Any = module
        for part in name.strip().split("."):
            if not hasattr(value, part):
                known = [one for one in vars(module) if not one.startswith("_")]
                raise SetupError(
                    f"{place} has no {name}.", expected=", ".join(known[:20]) or "a name in it"
                )
            value = getattr(value, part)
        things.append(value)
    return things


def imported(place: str) -> ModuleType:
    """A module by its name, or the path of its file.

    Raises:
        SetupError: it is not there, or it failed.
    """
    path = Path(place)
    is_file = place.endswith(".py") or path.is_file()
    # What it prints must not get among the messages.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            if not is_file:
                sys.path.insert(0, os.getcwd())
                return importlib.import_module(place)
            sys.path.insert(0, str(path.resolve().parent))
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if spec is None or spec.loader is None:
                raise SetupError(f"{place} is no file of Python.", expected="a name with .py")
            module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        except AgentkitError:
            raise
        except (FileNotFoundError, ModuleNotFoundError) as error:
            raise SetupError(f"{place} is not there: {error_text(error)}.") from error
        except Exception as error:
            raise SetupError(f"{place} failed when it was imported: {full_text(error)}.") from error


async def served(options: argparse.Namespace, things: list[Any], log: Log | None) -> None:
    """Serve until the end."""
    if options.http is None:
        await serve_stdio(things, name=options.name, log=log)
        return
    service = await serve_mcp(
        things,
        http=options.http,
        host=options.host,
        name=options.name,
        log=log,
        token=os.environ.get(options.token_env, ""),
        allowed_hosts=options.allow_host,
    )
    print(f"agentkit: {', '.join(service.names)} at {service.url}", file=sys.stderr, flush=True)
    try:
        await service.wait()
    finally:
        await service.stop()


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    try:
        things = [one for what in options.what for one in found(what)]
        log = open_log(options.log) if options.log else None
        asyncio.run(served(options, things, log))
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
