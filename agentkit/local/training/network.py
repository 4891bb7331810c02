"""A small llama with its weights from a GGUF file, and an update of low rank that is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentkit.local.training import weights as files
from agentkit.local.training.layers import Attention, Floats, Gated, Linear, Norm, turned

RANK, ALPHA = 16, 32
KEPT = 10
"""Of the lowest layers that are not trained: nothing has to be known of them on the way back."""
Tokens = NDArray[np.int64]


class Shape(NamedTuple):
    """What a file says of its model."""

    blocks: int
    heads: int
    keys: int
    """Heads of keys and values."""
    base: float
    """Of the angles of positions."""
    epsilon: float

    @classmethod
    def of(cls, parts: files.GgufContents) -> Shape:
        """The shape of the model in a file."""
        found = {name.removeprefix("llama."): one for name, one in parts.values.items()}
        heads = int(found["attention.head_count"])
        return cls(
            int(found["block_count"]),
            heads,
            int(found.get("attention.head_count_kv", heads)),
            float(found.get("rope.freq_base", 10_000.0)),
            float(found["attention.layer_norm_rms_epsilon"]),
        )


class Block:
    """One layer: attention and a gated network, each on top of what came in."""

    def __init__(
        self, tensors: dict[str, Floats], shape: Shape, rank: int, rng: np.random.Generator
    ) -> None:
        def linear(*names: str) -> Linear:
            weight = np.concatenate([tensors[f"{name}.weight"] for name in names])
            return Linear(weight, rank, ALPHA / max(rank, 1), rng)

        self.shape = shape
        self.before = Norm(tensors["attn_norm.weight"], shape.epsilon)
        self.between = Norm(tensors["ffn_norm.weight"], shape.epsilon)
        self.qkv, self.out = linear("attn_q", "attn_k", "attn_v"), linear("attn_output")
        self.wide, self.down = linear("ffn_gate", "ffn_up"), linear("ffn_down")
        self.attention, self.gated = Attention(), Gated()

    @property
    def linears(self) -> dict[tuple[str, ...], Linear]:
        """Its matrices, by the names that they have in a file."""
        return {
            ("attn_q", "attn_k", "attn_v"): self.qkv,
            ("attn_output",): self.out,
            ("ffn_gate", "ffn_up"): self.wide,
            ("ffn_down",): self.down,
        }

    def forward(self, x: Floats, angles: tuple[Floats, Floats], lengths: Sequence[int]) -> Floats:
        """(T, D) to (T, D)."""
        heads, keys = self.shape.heads, self.shape.keys
        each = x.shape[1] // heads
        mixed = self.qkv.forward(self.before.forward(x)).reshape(len(x), heads + 2 * keys, each)
        q, k, v = np.split(mixed, [heads, heads + keys], axis=1)
        found = self.attention.forward(turned(q, *angles), turned(k, *angles), v, lengths)
        x = x + self.out.forward(found.reshape(len(x), -1))
        return x + self.down.forward(self.gated.forward(self.wide.forward(self.between.forward(x))))

    def backward(self, dx: Floats, angles: tuple[Floats, Floats]) -> Floats:
        """The gradient by x."""
        cos, sin = angles
        dx = dx + self.between.backward(
            self.wide.backward(self.gated.backward(self.down.backward(dx)))
        )
        heads = self.out.backward(dx).reshape(len(dx), self.shape.heads, -1)
        dq, dk, dv = self.attention.backward(heads)
        back = np.concatenate([turned(dq, cos, -sin), turned(dk, cos, -sin), dv], axis=1)
        return dx + self.before.backward(self.qkv.backward(back.reshape(len(dx), -1)))


class TrainableModel:
    """A language model whose update can be trained.

    Args:
        parts: of its file, of which the shape and the weights are read.
        rank: of the update; see Linear.
        seed: of its first values.
        kept: the lowest layers that are not trained.
    """

    def __init__(
        self, parts: files.GgufContents, rank: int = RANK, seed: int = 0, kept: int = KEPT
    ) -> None:
        rng, shape = np.random.default_rng(seed), Shape.of(parts)
        self.kept = kept
        self.words = files.floats(parts.tensors["token_embd.weight"])
        self.last = Norm(files.floats(parts.tensors["output_norm.weight"]), shape.epsilon)
        self.blocks = []
        for number in range(shape.blocks):
            prefix = f"blk.{number}."
            own = {name.removeprefix(prefix): files.floats(one)
                   for name, one in parts.tensors.items() if name.startswith(prefix)}  # fmt: skip
            self.blocks.append(Block(own, shape, rank if number >= kept else 0, rng))
        each = self.words.shape[1] // shape.heads
        self.turns = (shape.base ** (-np.arange(0, each, 2) / each)).astype(np.float32)

    def hidden(self, tokens: Tokens, lengths: Sequence[int]) -> Floats:
        """What the last layer knows at each token: (T,) to (T, D)."""
        places = np.concatenate([np.arange(one) for one in lengths]).astype(np.float32)
        turn = (places[:, None] * self.turns)[:, None]
        self.angles = np.cos(turn), np.sin(turn)
        x = self.words[tokens]
        for block in self.blocks:
            x = block.forward(x, self.angles, lengths)
        return self.last.forward(x)

    def guesses(self, tokens: Tokens, lengths: Sequence[int], at: Tokens) -> Tokens:
        """The likeliest next token at some places."""
        found: Tokens = (self.hidden(tokens, lengths)[at] @ self.words.T).argmax(axis=1)
        return found

    def learn(self, tokens: Tokens, lengths: Sequence[int], at: Tokens, shares: Floats) -> float:
        """Add up the gradients of the cross-entropy of what follows at some places; the loss.

        Args:
            tokens: of all documents, end to end.
            lengths: of the documents.
            at: places whose next token is to be learned.
            shares: of each in the loss; 1 together.
        """
        hidden = self.hidden(tokens, lengths)
        scores = hidden[at] @ self.words.T
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        rows, wanted = np.arange(len(at)), tokens[at + 1]
        loss = -float(shares @ np.log(np.maximum(scores[rows, wanted], 1e-30)))
        scores[rows, wanted] -= 1
        scores *= shares[:, None]
        by_hidden = np.zeros_like(hidden)
        by_hidden[at] = scores @ self.words
        dx = self.last.backward(by_hidden)
        for block in reversed(self.blocks[self.kept :]):
            dx = block.backward(dx, self.angles)
        return loss

    def trained(self) -> Iterator[tuple[Floats, Floats]]:
        """Each array that is trained, with its gradient."""
        for block in self.blocks[self.kept :]:
            for linear in block.linears.values():
                yield linear.a, linear.a_grad
                yield linear.b, linear.b_grad

    def merged(self) -> dict[str, Floats]:
        """The matrices with their updates in them, by their names in a file."""
        found = {}
        for number, block in enumerate(self.blocks[self.kept :], self.kept):
            for names, linear in block.linears.items():
                whole, start = linear.merged(), 0
                ends = self.ends(block, names)
                for name, end in zip(names, ends, strict=True):
                    found[f"blk.{number}.{name}.weight"] = whole[start:end]
                    start = end
        return found

    @staticmethod
    def ends(block: Block, names: tuple[str, ...]) -> list[int]:
        """Where in a joined matrix each of its parts ends."""
        rows = len(block.linears[names].weight)
        if len(names) != 3:
            return [rows * (number + 1) // len(names) for number in range(len(names))]
        heads, keys = block.shape.heads, block.shape.keys
        each = rows // (heads + 2 * keys)
        return [heads * each, (heads + keys) * each, rows]

    def save(self, path: Path, parts: files.GgufContents, template: str, name: str) -> None:
        """Write a whole model that any program for GGUF files can use."""
        texts = {files.TEMPLATE: template, "general.name": name}
        files.write(path, parts, self.merged(), texts)
