"""The training of a small model: each part against numbers, files and servers that others wrote."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from agentkit.cli import main
from agentkit.errors import SetupError
from agentkit.local.machine import cores
from agentkit.local.training import weights as files
from agentkit.local.training.chats import ChatMaker, frozen, pools
from agentkit.local.training.network import TrainableModel
from agentkit.local.training.reading import Renderer, batch, example
from agentkit.local.training.student import Point, Student, rate
from agentkit.local.training.threads import Threads
from tests.gguf_files import write_head

WIDTH, HEADS, KEYS, WIDE, BLOCKS = 32, 4, 2, 64, 2
WORDS = 256


def tiny(seed: int = 3) -> files.GgufContents:
    """A llama of two layers whose words are the letters."""
    rng = np.random.default_rng(seed)

    def tensor(*shape: int, spread: float = 0.3) -> files.Tensor:
        numbers = rng.normal(0, spread, shape).astype("<f4")
        return files.Tensor(shape, files.F32, numbers.tobytes())

    keys = KEYS * WIDTH // HEADS
    shapes = {"attn_q": (WIDTH, WIDTH), "attn_k": (keys, WIDTH), "attn_v": (keys, WIDTH),
              "attn_output": (WIDTH, WIDTH), "ffn_gate": (WIDE, WIDTH), "ffn_up": (WIDE, WIDTH),
              "ffn_down": (WIDTH, WIDE), "attn_norm": (WIDTH,), "ffn_norm": (WIDTH,)}  # fmt: skip
    tensors = {"token_embd.weight": tensor(WORDS, WIDTH, spread=0.5), "output_norm.weight":
               tensor(WIDTH, spread=1)}  # fmt: skip
    for number, (name, shape) in itertools.product(range(BLOCKS), shapes.items()):
        tensors[f"blk.{number}.{name}.weight"] = tensor(*shape)
    values = {
        "general.architecture": "llama", "llama.block_count": BLOCKS,
        "llama.attention.head_count": HEADS, "llama.attention.head_count_kv": KEYS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }  # fmt: skip
    return files.GgufContents(values, {}, tensors)


def cut(text: str) -> list[int]:
    return list(text.encode())


def test_gradients_are_those_of_the_loss() -> None:
    rng, network = np.random.default_rng(5), TrainableModel(tiny(), rank=4, kept=0)
    for block in network.blocks:
        for linear in block.linears.values():
            linear.b[...] = rng.normal(0, 0.1, linear.b.shape)
    tokens, lengths = rng.integers(0, WORDS, 23), [9, 14]
    at, shares = np.array([2, 3, 4, 11, 15, 20]), np.full(6, 1 / 6, np.float32)

    def loss() -> float:
        return network.learn(tokens, lengths, at, shares)

    loss()
    pairs = [(one, grad.copy()) for one, grad in network.trained()]
    for one, grad in pairs:
        way = rng.normal(0, 1, one.shape).astype(np.float32)
        way *= 1e-2 / np.linalg.norm(way)
        one += way
        more = loss()
        one -= 2 * way
        slope = more - loss()
        one += way
        assert slope == pytest.approx(2 * float((grad * way).sum()), rel=0.02, abs=2e-5)


def test_a_document_is_read_as_if_it_were_alone() -> None:
    network, tokens = TrainableModel(tiny(), kept=1), np.arange(30)
    both = network.hidden(tokens, [12, 18])
    alone = network.hidden(tokens[12:], [18])
    np.testing.assert_allclose(both[12:], alone, atol=1e-4)
    longer = network.hidden(np.append(tokens[12:], 7), [19])
    np.testing.assert_allclose(longer[:18], alone, atol=1e-4)


def test_weights_are_read_as_they_are_written(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).normal(0, 1, (4, 64)).astype(np.float32)
    kept = files.in_eight_bits(numbers)
    assert np.abs(files.floats(kept) - numbers).max() < np.abs(numbers).max() / 200
    assert not files.floats(files.in_eight_bits(np.zeros((1, 32), np.float32))).any()
    head = files.read(write_head(tmp_path / "a.gguf"))
    parts = files.GgufContents(head.values, head.packed, tiny().tensors)
    name = "blk.0.ffn_up.weight"
    files.write(tmp_path / "b.gguf", parts, {name: numbers}, {files.TEMPLATE: "new"})
    again = files.read(tmp_path / "b.gguf")
    assert again.values == {**head.values, files.TEMPLATE: "new"}
    assert again.tensors == {**parts.tensors, name: kept}
    data = (tmp_path / "b.gguf").read_bytes()
    for end in (3, 20, 200, len(data) // 2, len(data) - 4000):
        (tmp_path / "b.gguf").write_bytes(data[:end])
        with pytest.raises(SetupError, match="broken or cut"):
            files.read(tmp_path / "b.gguf")


def test_four_bits_are_read_as_ggml_keeps_them() -> None:
    steps = np.arange(32, dtype=np.uint8) % 16
    block = np.array([0.5, -3], "<f2").tobytes() + (steps[:16] | steps[16:] << 4).tobytes()
    found = files.floats(files.Tensor((1, 32), files.Q4_1, block))
    np.testing.assert_allclose(found[0], steps * 0.5 - 3)


def said(chat: Any) -> str:
    return json.dumps(chat, sort_keys=True)


def test_the_test_set_is_frozen_and_nothing_of_it_is_trained_on() -> None:
    test = frozen(100)
    assert list(frozen(40)) == list(test[:40])
    digest = hashlib.sha256("\n".join(map(said, test)).encode()).hexdigest()
    assert digest == "2937a553af31be6d677da2d659451eba899851ac90dd143f8d4b71bed95dedbc", (
        "another test set: what was measured with the old one is void"
    )
    maker = ChatMaker(0)
    trained = [maker.chat() for _ in range(300)]
    names = {tool["function"]["name"] for chat in test for tool in chat.tools}
    assert not names & {tool["function"]["name"] for chat in trained for tool in chat.tools}
    held = [one for number, one in enumerate(pools()["nouns"]) if number % 5 == 4]
    nouns = {
        noun for noun in held for chat in trained if f" {noun}" in chat.messages[-1]["content"]
    }
    assert nouns <= {one for one in held if any(one in other for other in pools()["nouns"])}


def test_every_call_is_asked_for_and_fits_its_tool() -> None:
    maker = ChatMaker(4)
    for chat in [*frozen(60), *(maker.chat() for _ in range(100))]:
        call = chat.call
        (tool,) = (t["function"] for t in chat.tools if t["function"]["name"] == call["name"])
        assert set(tool["parameters"]["required"]) <= set(call["arguments"])
        asked = next(one["content"] for one in chat.messages if one["role"] == "user")
        for name, given in call["arguments"].items():
            assert name in tool["parameters"]["properties"]
            assert given is True or str(given) in asked
        result, told = chat.messages[-2]["content"], chat.messages[-1]["content"]
        assert told.rpartition(": ")[2].removesuffix(".") in result


def test_what_is_learned_is_what_the_assistant_says_and_nothing_else() -> None:
    (chat,) = frozen(1)
    pieces = Renderer().pieces(chat)
    assert [one.learned for one in pieces] == [False, True, False, True]
    call, told = pieces[1].text, pieces[3].text
    assert call.startswith("<tool_call>\n{") and call.endswith("</tool_call><|im_end|>")
    assert json.loads(call[12:-22]) == chat.call
    assert told == chat.messages[-1]["content"] + "<|im_end|>"
    one = example(pieces, cut)
    first, last = one.turns()
    assert bytes(one.tokens[first.start : first.stop]).decode() == call
    assert bytes(one.tokens[last.start : last.stop]).decode() == told
    both = batch([one, one])
    assert both.lengths == [len(one.tokens)] * 2 and both.shares.sum() == pytest.approx(1)
    wanted = both.tokens[both.at + 1][: len(call)]
    assert bytes(wanted.tolist()).decode() == call


def test_a_training_learns_and_tells_how_far_it_is() -> None:
    student = Student(tiny(), cut, TrainableModel(tiny(), kept=1))
    student.tested = student.tested[:2]
    ticks = itertools.count(0, 15)
    points = list(student.train(3, every_s=60, clock=lambda: float(next(ticks))))
    assert [one.seconds for one in points] == [0, 60, 120, 180]
    assert [one.steps for one in points] == [0, 4, 8, 12]
    assert points[-1].loss < points[1].loss and points[-1].of == 2
    assert points[0].calls == 0 and "calls right" in str(points[0])
    assert rate(0, 0) < rate(7, 0.01) > rate(30, 1) > 0


def test_a_training_takes_no_more_threads_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    pools = ThreadpoolController().select(user_api="blas")

    def now() -> set[int]:
        return {pool["num_threads"] for pool in pools.info()}

    before, inside = now(), []
    student = Student(tiny(), cut, TrainableModel(tiny(), kept=1))
    learn = student.network.learn
    monkeypatch.setenv("AGENTKIT_LOCAL_THREADS", "1")
    student.threads, student.tested = Threads(), []
    monkeypatch.setattr(
        student.network, "learn", lambda *args: inside.append(now()) or learn(*args)
    )
    list(student.train(0.001))
    assert inside[0] <= {1} and now() == before
    monkeypatch.setenv("AGENTKIT_LOCAL_THREADS", "64")
    with pools.limit(limits=1):
        assert Threads().count == (1 if before else 64)
    monkeypatch.delenv("AGENTKIT_LOCAL_THREADS")
    assert 1 <= Threads().count <= cores()
    monkeypatch.setenv("AGENTKIT_LOCAL_THREADS", "two")
    with pytest.raises(SetupError, match="a number from 0"):
        Threads()


def test_what_cannot_be_trained_or_written_is_told(tmp_path: Path) -> None:
    parts = tiny()
    parts.values["general.architecture"] = "gemma"
    with pytest.raises(SetupError, match=r"'gemma'(.|\n)*smollm2"):
        files.llama_only(parts, tmp_path)
    odd = parts.tensors["output_norm.weight"]._replace(kind=12)
    files.write(tmp_path / "odd.gguf", parts._replace(tensors={"a": odd}), {}, {})
    with pytest.raises(SetupError, match="of the type 12"):
        files.read(tmp_path / "odd.gguf")
    with pytest.raises(SetupError, match="cannot be written"):
        Student(tiny(), cut, TrainableModel(tiny(), kept=1)).save(tmp_path / "none" / "a.gguf")


@pytest.mark.parametrize(
    "words", [["a.bin"], ["none/a.gguf"], ["a.gguf", "--minutes", "0"], ["a.gguf", "--minutes=nan"]]
)
def test_a_training_that_would_be_lost_at_its_end_is_not_begun(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["local", "train", *words]) == 2
    assert "cannot be trained" in capsys.readouterr().err


def test_the_command_trains_and_tells_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = files.read(write_head(tmp_path / "head.gguf"))
    parts = files.GgufContents(tiny().values, head.packed, tiny().tensors)
    made = Student(parts, cut, TrainableModel(parts, kept=1))
    made.tested = made.tested[:1]
    monkeypatch.setattr(Student, "of", lambda name, seed: made)
    monkeypatch.chdir(tmp_path)
    assert main(["local", "train", "a.gguf", "--minutes", "0.001", "--points", "p.jsonl"]) == 0
    told = [Point.model_validate_json(one) for one in Path("p.jsonl").read_text().splitlines()]
    assert len(told) == 2 and told[0].steps == 0 < told[1].steps
    assert "connect('local:" in capsys.readouterr().out
    again = files.read(tmp_path / "a.gguf")
    assert "tool_call" in again.values[files.TEMPLATE]
    kept, changed = (f"blk.{n}.ffn_up.weight" for n in (0, 1))
    assert again.tensors[kept] == parts.tensors[kept]
    assert again.tensors[changed].kind == files.Q8_0
