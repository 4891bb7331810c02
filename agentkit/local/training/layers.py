"""The parts of a transformer, each forward and backward, for documents that lie end to end.

Shapes: T tokens of all documents, D width, H heads, K heads of keys, E numbers of a head.
Sources: Vaswani et al. 2017, Attention Is All You Need; Zhang and Sennrich 2019, Root Mean Square
Layer Normalization; Su et al. 2021, RoFormer; Shazeer 2020, GLU Variants Improve Transformer;
Hu et al. 2021, LoRA.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Linear:
    """A frozen matrix with an update of low rank beside it: y = x Wᵀ + s (x Aᵀ) Bᵀ.

    Args:
        weight: (out, in), never changed.
        rank: of the update; 0 for none.
        scale: s.
        rng: draws A; B begins at zero, so that the update begins as nothing.
    """

    def __init__(self, weight: Floats, rank: int, scale: float, rng: np.random.Generator) -> None:
        out, width = weight.shape
        self.weight, self.scale = weight, np.float32(scale)
        spread = 1 / np.sqrt(width)
        self.a = rng.normal(0, spread, (rank, width)).astype(np.float32)
        self.b = np.zeros((out, rank), np.float32)
        self.a_grad, self.b_grad = np.zeros_like(self.a), np.zeros_like(self.b)

    def forward(self, x: Floats) -> Floats:
        """(T, in) to (T, out)."""
        y: Floats = x @ self.weight.T
        if not len(self.a):
            return y
        self.x, self.low = x, x @ self.a.T
        y += (self.low * self.scale) @ self.b.T
        return y

    def backward(self, dy: Floats) -> Floats:
        """The gradient by x; those by A and B are added up."""
        by_low = (dy @ self.b) * self.scale
        self.b_grad += dy.T @ (self.low * self.scale)
        self.a_grad += by_low.T @ self.x
        dx: Floats = dy @ self.weight
        dx += by_low @ self.a
        return dx

    def merged(self) -> Floats:
        """The matrix with its update in it."""
        return self.weight + self.scale * (self.b @ self.a)


class Norm:
    """Each token scaled to root mean square 1, then by a frozen weight for each number."""

    def __init__(self, weight: Floats, epsilon: float) -> None:
        self.weight, self.epsilon = weight, np.float32(epsilon)

    def forward(self, x: Floats) -> Floats:
        """(T, D) to (T, D)."""
        self.x = x
        self.by = 1 / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + self.epsilon)
        scaled: Floats = x * self.by * self.weight
        return scaled

    def backward(self, dy: Floats) -> Floats:
        """The gradient by x."""
        g = dy * self.weight
        dx: Floats = self.by * (
            g - self.x * self.by**2 * np.mean(g * self.x, axis=1, keepdims=True)
        )
        return dx


def turned(x: Floats, cos: Floats, sin: Floats) -> Floats:
    """Rotary positions: neighbours of a head turned by an angle; with -sin it is turned back.

    Shapes: x (T, H, E), cos and sin (T, 1, E/2).
    """
    y = np.empty_like(x)
    even, odd = x[..., 0::2], x[..., 1::2]
    y[..., 0::2] = even * cos - odd * sin
    y[..., 1::2] = even * sin + odd * cos
    return y


class Attention:
    """Causal attention inside each document; several heads share the keys of one.

    Args:
        lengths: tokens of each document.
    """

    def forward(self, q: Floats, k: Floats, v: Floats, lengths: Sequence[int]) -> Floats:
        """(T, H, E), (T, K, E), (T, K, E) to (T, H, E)."""
        self.saved, out, start = [], np.empty_like(q), 0
        group, scale = q.shape[1] // k.shape[1], np.float32(q.shape[2] ** -0.5)
        for length in lengths:
            part = slice(start, start + length)
            # (K, group, n, E) against (K, 1, n, E)
            qs = q[part].transpose(1, 0, 2).reshape(k.shape[1], group, length, -1)
            ks, vs = (one[part].transpose(1, 0, 2)[:, None] for one in (k, v))
            scores = (qs @ ks.swapaxes(2, 3)) * scale
            scores[..., np.triu(np.ones((length, length), bool), 1)] = -np.inf
            scores -= scores.max(axis=-1, keepdims=True)
            weights = np.exp(scores)
            weights /= weights.sum(axis=-1, keepdims=True)
            found = weights @ vs
            out[part] = found.reshape(q.shape[1], length, -1).transpose(1, 0, 2)
            self.saved.append((part, qs, ks, vs, weights, scale))
            start += length
        return out

    def backward(self, dy: Floats) -> tuple[Floats, Floats, Floats]:
        """The gradients by q, k and v."""
        dq = np.empty_like(dy)
        keys = self.saved[0][2].shape[0]
        dk, dv = (np.empty((len(dy), keys, dy.shape[2]), np.float32) for _ in range(2))
        for part, qs, ks, vs, weights, scale in self.saved:
            length = part.stop - part.start
            d = dy[part].transpose(1, 0, 2).reshape(qs.shape)
            dv[part] = (weights.swapaxes(2, 3) @ d).sum(axis=1).transpose(1, 0, 2)
            dw = d @ vs.swapaxes(2, 3)
            ds = weights * (dw - (dw * weights).sum(axis=-1, keepdims=True)) * scale
            dq[part] = (ds @ ks).reshape(dy.shape[1], length, -1).transpose(1, 0, 2)
            dk[part] = (ds.swapaxes(2, 3) @ qs).sum(axis=1).transpose(1, 0, 2)
        return dq, dk, dv


class Gated:
    """SwiGLU: one half opens the gate for the other."""

    def forward(self, x: Floats) -> Floats:
        """(T, 2F) to (T, F)."""
        self.gate, self.up = np.split(x, 2, axis=1)
        opened = np.asarray(1 / (1 + np.exp(-np.clip(self.gate, -80, 80))), np.float32)
        self.open = opened
        return self.gate * opened * self.up

    def backward(self, dy: Floats) -> Floats:
        """The gradient by x."""
        silu = self.gate * self.open
        by_gate = dy * self.up * (self.open + silu * (1 - self.open))
        dx: Floats = np.concatenate([by_gate, dy * silu], axis=1)
        return dx
