"""What importing brings with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = "httpx aiohttp starlette chromadb numpy genai_prices dotenv IPython ipywidgets"


@pytest.mark.parametrize(
    "code",
    [
        "import agentkit",
        "import agentkit; log = agentkit.open_log('memory:'); log.runs()",
        "from agentkit import Message, gather, pattern, tool",
    ],
)
def test_no_http_and_nothing_heavy_comes_before_it_is_needed(code: str) -> None:
    check = f"{code}\nimport sys\nprint([m for m in {HEAVY.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_dialect_comes_when_an_endpoint_speaks_it() -> None:
    check = """
import sys, agentkit
found = lambda: [m for m in ("anthropic", "responses") if f"agentkit.endpoints.{m}" in sys.modules]
print(agentkit.connect("sim:careful") and found())
for dialect in ("responses", "anthropic"):
    print(agentkit.connect("m", base_url="http://127.0.0.1:1/v1", dialect=dialect) and found())
"""
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "[]\n['responses']\n['anthropic', 'responses']\n", done.stderr


def test_an_endpoint_does_not_bring_the_command_line_of_httpx() -> None:
    check = """
import sys, agentkit
agentkit.connect("m", base_url="http://127.0.0.1:1/v1")
print([m for m in ("httpx._main", "click", "rich", "pygments") if m in sys.modules])
import httpx._main  # which whoever wants it still gets
print(callable(httpx._main.main))
"""
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\nTrue\n", "")


def test_what_gives_tools_to_a_model_and_starts_one_here_comes_to_who_needs_it() -> None:
    check = """
import sys, agentkit
names = ("prompted.model", "local")
found = lambda: [m for m in names if f"agentkit.endpoints.{m}" in sys.modules]
base = "http://127.0.0.1:1/v1"
print(agentkit.connect("sim:careful") and agentkit.connect("m", base_url=base) and found())
print(agentkit.connect("m", base_url=base, tools="prompted") and found())
"""
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "[]\n['prompted.model']\n", done.stderr


def test_every_public_name_is_there_when_it_is_asked_for() -> None:
    check = "import agentkit; print([n for n in dir(agentkit) if not hasattr(agentkit, n)]); "
    check += "print('connect' in dir(agentkit)); from agentkit import *; print(connect.__module__)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "[]\nTrue\nagentkit.endpoints.connect\n"


def test_a_notebook_loads_the_kit_of_evaluation_when_it_evaluates() -> None:
    check = "import sys, nbext.loading\nprint('agentkit.evaluate' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
