"""`python -m agentkit.sim`: the simulated endpoint alone, for a class or another client."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import partial

from agentkit.sim.server.process import environment

BANNER = """
agentkit's simulated endpoint at {url}
It is a simulation: a rule-based stand-in with no language model behind it. It speaks OpenAI
Chat Completions, OpenAI Embeddings and Anthropic Messages; any API key will do.

Models: {models}
Seed {seed}, latency factor {speed:g}.

Try it:
  curl {url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "careful", "messages": [{{"role": "user", "content": "What is 17 * 23 + 4?"}}]}}'

Use it from the openai client, or the anthropic client:
  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=sim
  export ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=sim

Faults: curl -X POST {url}/sim/faults -d '{{"kind": "429", "rate": 0.3}}'
Books:  curl {url}/sim/stats
Stop with Ctrl-C.
"""


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit sim`."""
    options = argparse.ArgumentParser(
        prog="agentkit sim", description="Serve the simulated endpoint (no language model)."
    )
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which a class reaches this server, such as lab.example.org; may be "
        "repeated. localhost, 127.0.0.1 and the address listened on are always served, other "
        "names and web pages of other origins are refused",
    )
    options.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    options.add_argument("--seed", type=int, default=7, help="for requests that name none")
    options.add_argument(
        "--speed",
        type=factor,
        default=1.0,
        help="factor on all latency: 1 as stated, 0.1 ten times faster, 0 no waiting",
    )
    options.add_argument(
        "--parent",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="end when stdin closes or the parent process ends, and print READY and the address",
    )
    options.add_argument("--log", help=argparse.SUPPRESS)
    return options


def factor(text: str) -> float:
    """A latency factor, 0 to 1000."""
    value = float(text)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"expected 0 to 1000, got {text}")
    return value


def command(argv: list[str]) -> int:
    """Run as a process of its own: without the keys that lie in the shell's environment.

    What a process was started with stays readable for its owner's other processes, so deleting
    names is not enough: it starts itself again, with the same process id.
    """
    kept = environment()
    if os.name == "posix" and set(os.environ) - set(kept):
        sys.stdout.flush()
        words = [sys.executable, "-P", "-m", "agentkit.sim", *argv]
        os.execve(sys.executable, words, kept)
    return main(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the server until Ctrl-C; return the exit status."""
    options = parser().parse_args(argv)
    try:
        from agentkit.sim.server.host import bind, end_with_parent, make_server, serve
    except ImportError as error:
        print(f"The simulated endpoint needs {error.name}.", file=sys.stderr)
        print("  to do: pip install uvicorn starlette", file=sys.stderr)
        return 1
    if options.parent:
        end_with_parent(options.log)
    try:
        listener = bind(options.host, options.port)
    except (OSError, OverflowError) as error:
        where = f"{options.host}:{options.port}"
        print(f"Cannot listen on {where}: {error}", file=sys.stderr)
        print("  to do: choose another --port (0 takes a free one) or --host", file=sys.stderr)
        return 1
    logging.basicConfig(level="WARNING", format="%(asctime)s %(name)s %(levelname)s %(message)s")

    from agentkit.sim.brain.responding import respond

    server = make_server(
        respond,
        seed=options.seed,
        speed=options.speed,
        announce=partial(announce, options, *listener.getsockname()[:2]),
        hosts=[options.host, *options.allow_host],
    )
    serve(server, listener)
    if not options.parent:
        print("Stopped.")
    return 0


def announce(options: argparse.Namespace, host: str, port: int) -> None:
    """Say where the server listens: to the process that started it, or to a reader."""
    from agentkit.sim.brain.temperaments import TEMPERAMENTS

    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if options.parent:
        print(f"READY {url}", flush=True)
        # What is printed from here on goes to the log: nobody reads the pipe any more.
        os.dup2(2, 1)
    else:
        models = ", ".join(TEMPERAMENTS)
        text = BANNER.format(url=url, models=models, seed=options.seed, speed=options.speed)
        print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
