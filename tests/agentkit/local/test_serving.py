"""A real language model on this machine: what holds whatever it says, and how its server lives."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import pytest
from pydantic import BaseModel

from agentkit import Agent, tool
from agentkit.endpoints import local as endpoints
from agentkit.endpoints.connect import connect
from agentkit.endpoints.embedding import connect_embedder
from agentkit.errors import ContextTooLong, EndpointError, SetupError
from agentkit.local import serving
from agentkit.local.catalogue import weights_of
from agentkit.local.files import present
from agentkit.local.shared import release, shared
from agentkit.local.starting import LocalFailed, held, running
from agentkit.local.training import weights as files
from agentkit.local.training.network import TrainableModel
from agentkit.local.training.reading import cutting
from agentkit.messages import Message, thread_of
from agentkit.model import Model, Reply, Request
from tests.conftest import ROOT
from tests.gguf_files import write_head

NAME = "smollm2-135m"
WEIGHTS = weights_of(NAME)
PARIS = Request(thread=thread_of([Message(role="user", content="What is the capital of France?")]))


@pytest.fixture(scope="module", autouse=True)
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The weights, and a folder of servers of our own."""
    if find_spec("xllamacpp") is None:
        pytest.skip("no llama.cpp server: pip install 'jupyter-agentkit[local]'")
    path = present(WEIGHTS)
    if path is None:
        pytest.skip(f"no weights: agentkit local pull {NAME}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        patch.setenv("AGENTKIT_LOCAL_THREADS", "1")
        release()
        yield path
        release()


def local(**options: Any) -> Model:
    return connect(f"local:{NAME}", **{"temperature": 0, "max_tokens": 24, **options})


async def ask(model: Model, request: Request, stream: bool = False) -> Reply:
    pieces: list[str] = []
    reply = await model(request, pieces.append if stream else None)
    assert not stream or "".join(pieces) == reply.text
    return reply


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_it_knows_paris_and_costs_nothing(stream: bool) -> None:
    reply = await ask(local(), PARIS, stream)
    assert "Paris" in reply.text and reply.stop == "stop"
    assert reply.cost_usd == 0 and reply.usage.tokens_in > 5 and reply.usage.tokens_out > 1


async def test_the_seed_repeats_and_samples_differ() -> None:
    story = thread_of([Message(role="user", content="Write one sentence about the sea.")])

    async def drawn(seed: int) -> str:
        return (await local(temperature=1, seed=seed, max_tokens=12)(Request(thread=story))).text

    first, again, *others = [await drawn(seed) for seed in (1, 1, 2, 3)]
    assert first == again and any(one != first for one in others)


async def test_a_reply_that_is_cut_says_so() -> None:
    assert (await local(max_tokens=2)(PARIS)).stop == "length"


class Person(BaseModel):
    """A person."""

    name: str
    age: int
    likes: Literal["tea", "coffee"]


async def test_json_always_fits() -> None:
    clerk = Agent("clerk", "Fill in the form.", model=local(max_tokens=60, temperature=1, seed=1))
    for text in ("Ida is 31 and drinks tea.",):
        assert isinstance((await clerk(text, output=Person)).data, Person)


async def test_it_tells_how_a_text_may_go_on_and_finds_what_a_text_says() -> None:
    endpoint = endpoints.local(f"local:{NAME}", NAME)
    likely, usage = await endpoint.goes_on("The capital of France is", 20)
    assert max(likely, key=lambda piece: likely[piece]) == " Paris" and max(likely.values()) <= 0
    assert len(likely) == 20 and usage.tokens_in == 5 and usage.tokens_out == 1
    clerk = Agent("clerk", "Fill in the form.", model=local(max_tokens=60))
    found = await clerk("Ida is 31 and drinks tea.", output=Person)
    assert found.data == Person(name="Ida", age=31, likes="tea") and found.usage.calls == 2


@tool(effect="pure")
def population(country: str) -> str:
    """How many people live in a country."""
    return f"{country} has 5 million"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_it_calls_a_tool_and_answers(stream: bool) -> None:
    clerk = Agent("clerk", "Use your tools.", model=local(), tools=[population])
    asked = "How many people live in Norway?"
    if stream:
        async for _ in clerk.stream(asked):
            pass
    answer = await clerk(asked)
    said = [message for node in answer.thread for message in [node.message]]
    (call,) = (call for message in said for call in message.calls)
    assert (call.name, json.loads(call.arguments)) == ("population", {"country": "Norway"})
    assert answer.text


async def test_a_conversation_too_long_is_a_typed_error_with_its_numbers() -> None:
    long = thread_of([Message(role="user", content="word " * 6000)])
    with pytest.raises(ContextTooLong) as caught:
        await local()(Request(thread=long))
    assert caught.value.limit_tokens and caught.value.sent_tokens > 6000


async def test_many_at_once_wait_for_a_slot_and_are_all_answered() -> None:
    replies = await asyncio.gather(*(local(max_tokens=2)(PARIS) for _ in range(12)))
    assert len(replies) == 12


def test_native_tools_of_a_model_without_them_are_refused() -> None:
    with pytest.raises(SetupError, match="would drop the tools"):
        connect(f"local:{NAME}", tools="native")


async def test_no_vectors_of_a_model_that_writes_are_a_typed_error() -> None:
    with pytest.raises((EndpointError, SetupError)):
        await connect_embedder(f"local:{NAME}", retries=0)(PARIS)


async def test_nobody_without_the_key_is_answered() -> None:
    await local(max_tokens=1)(PARIS)
    server = shared.held[NAME]
    assert server.key not in repr(server) and server.url.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient() as client:
        for path in ("/v1/models", "/props", "/slots", "/metrics"):
            assert (await client.get(server.url + path)).status_code in (401, 404)
    state = next(Path(os.environ["XDG_RUNTIME_DIR"]).glob("agentkit-local-*/*.json"))
    assert state.stat().st_mode & 0o077 == 0 and state.parent.stat().st_mode & 0o077 == 0
    told = json.loads(state.read_text())
    state.write_text(json.dumps({**told, "key": "wrong"}))
    assert held(state, server.head) is None
    state.write_text(json.dumps(told))


async def test_a_server_that_dies_in_mid_answer_is_started_again_and_asked_again() -> None:
    model, heard = local(max_tokens=24, temperature=1), []
    pid = [(await local(max_tokens=1)(PARIS)) and shared.held[NAME].pid]

    def hear(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 3:
            os.kill(pid[0], signal.SIGKILL)

    story = thread_of([Message(role="user", content="Tell me a long story about a ship.")])
    reply = await model(Request(thread=story), hear)
    assert reply.text and shared.held[NAME].pid != pid[0]


OTHER = """
import asyncio, sys
from agentkit.endpoints import local as endpoints
from agentkit.endpoints.connect import connect
from agentkit.local.shared import shared
from agentkit.messages import Message, thread_of
from agentkit.model import Request
model = connect("local:smollm2-135m", max_tokens=1)
asyncio.run(model(Request(thread=thread_of([Message(role="user", content="Hi")]))))
print(shared.held["smollm2-135m"].pid, flush=True)
sys.stdin.read()
"""


def other() -> subprocess.Popen[str]:
    """Another process of this user that uses the model."""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER], env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends(pid: int) -> None:
    """Wait until a process has ended, which it must within twenty seconds."""
    until = time.monotonic() + 20
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(pid)


def test_processes_share_a_server_which_ends_with_the_last_one_however_that_ends() -> None:
    release()
    first, second = other(), other()
    try:
        assert first.stdout and second.stdout
        pids = {int(one.stdout.readline()) for one in (first, second) if one.stdout}
        (pid,) = pids
        first.kill()
        first.wait()
        path = present(WEIGHTS)
        assert path is not None and alive(pid)
        mine = running(f"local:{NAME}", path, WEIGHTS.template)
        mine.connection.close()
        assert mine.pid == pid
    finally:
        for one in (first, second):
            one.kill()
            one.communicate()
    ends(pid)


def test_a_kind_of_model_that_the_server_does_not_know_is_told(tmp_path: Path) -> None:
    path = write_head(tmp_path / "odd.gguf", general__architecture="odd")
    with pytest.raises(LocalFailed, match="does not know models of the kind 'odd'"):
        running("odd", path)
    with pytest.raises(LocalFailed, match="cannot read the file"):
        running("cut", write_head(tmp_path / "cut.gguf"))


@pytest.mark.parametrize(
    "template", ["{% for one in messagez %}{{ one }}{% endfor %}", "{% for one in messages %}{{"]
)
def test_a_template_that_drops_what_is_said_is_told(
    template: str, here: Path, tmp_path: Path
) -> None:
    path = tmp_path / "deaf.gguf"
    parts = files.read(here)
    files.write(path, parts, {}, {files.TEMPLATE: template})
    with pytest.raises(LocalFailed, match="template"):
        running("deaf", path)


async def test_the_trainer_reads_a_model_as_its_server_does(here: Path) -> None:
    text = "The capital of France is"
    endpoint = endpoints.local(f"local:{NAME}", NAME)
    likely, _ = await endpoint.goes_on(text, 5)
    tokens = np.array(cutting(WEIGHTS)(text))
    assert cutting(WEIGHTS)("<|im_start|>user\n")[0] == 1 and len(tokens) == 5
    network = TrainableModel(files.read(here), rank=1)
    scores = network.hidden(tokens, [5])[-1] @ network.words.T
    ours = scores - np.log(np.exp(scores - scores.max()).sum()) - scores.max()
    paris = cutting(WEIGHTS)(" Paris")[0]
    assert ours.argmax() == paris
    assert float(ours[paris]) == pytest.approx(likely[" Paris"], abs=0.15)


@pytest.mark.skipif(os.name != "posix", reason="no parent is told there")
def test_a_server_in_the_foreground_ends_when_its_command_is_killed() -> None:
    words = [sys.executable, "-m", "agentkit", "local", "serve", NAME]
    command = subprocess.Popen(
        words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert command.stdout
    while "Stop with" not in command.stdout.readline():
        assert command.poll() is None
    (state,) = Path(os.environ["XDG_RUNTIME_DIR"]).glob("agentkit-local-*/serve-*.json")
    pid = json.loads(state.read_text())["pid"]
    command.kill()
    command.communicate()
    ends(pid)


def test_the_server_starts_without_importing_agentkit() -> None:
    code = f"import runpy, sys; runpy.run_path({serving.__file__!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and not {"agentkit", "pydantic"} & set(done.stdout.split())


async def test_a_server_that_nobody_asks_ends_and_the_next_question_starts_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = shared.held.get(NAME)
    release()
    while before and alive(before.pid):
        await asyncio.sleep(0.1)  # else it would be found again, with its own time-out
    monkeypatch.setenv("AGENTKIT_LOCAL_IDLE_S", "2")
    model, cut = local(max_tokens=1), cutting(WEIGHTS)
    await model(PARIS)
    first = shared.held[NAME].pid
    for _ in range(10):  # longer than it waits for a question, and a text to cut is one
        await asyncio.sleep(0.4)
        cut("To be counted")
    assert shared.held[NAME].pid == first
    until = time.monotonic() + 60
    while alive(first) and time.monotonic() < until:
        await asyncio.sleep(0.1)
    assert not alive(first)
    assert (await model(PARIS)).usage.tokens_out and shared.held[NAME].pid != first
    release()
