"""Vectors as points on a sheet: the two directions in which they differ most.

Principal component analysis by singular value decomposition (Pearson 1901). Of a
direction only the line is defined, not which way it points: here each points to where
its largest entry is positive, so that the same vectors give the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Point = tuple[float, float]


@dataclass(frozen=True)
class Projection:
    """From vectors to points in the unit square."""

    middle: np.ndarray
    """Mean of the vectors, (dims,)."""
    axes: np.ndarray
    """The two directions, (2, dims)."""
    low: np.ndarray
    """Least coordinates, (2,)."""
    span: float
    """What is 1 on the sheet; one number, so that distances keep their proportions."""
    share: float
    """How much of the vectors' spread (variance) the sheet shows, 0 to 1."""

    def place(self, vectors: np.ndarray) -> list[Point]:
        """Where vectors stand; those it was not made of may stand outside the square."""
        flat = ((vectors - self.middle) @ self.axes.T - self.low) / self.span
        return [(round(float(x), 4), round(float(y), 4)) for x, y in flat]


def project(vectors: np.ndarray) -> Projection:
    """The sheet on which these vectors differ most.

    Shapes: vectors (n, dims), n at least 1.
    """
    import numpy as np

    middle = vectors.mean(axis=0)
    centred = (vectors - middle).astype(np.float64)
    axes = np.zeros((2, vectors.shape[1]))
    largest_two, spread = directions(centred)
    for i, direction in enumerate(largest_two):
        # Rounded: entries of equal size but for noise must not decide by the noise.
        largest = int(np.argmax(np.round(np.abs(direction), 6)))
        axes[i] = direction * (1.0 if direction[largest] >= 0 else -1.0)
    flat = centred @ axes.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    span = float((high - low).max()) or 1.0
    share = min(float((flat**2).sum()) / spread, 1.0) if spread > 0 else 1.0
    # The shorter side stands in the middle of the square.
    return Projection(middle, axes, low - (span - (high - low)) / 2, span, share)


def directions(centred: np.ndarray) -> tuple[np.ndarray, float]:
    """In which directions vectors differ most, at most two; how much they differ in all.

    Found from the products of all pairs of vectors, or of entries where these are fewer: for 600
    vectors of 2,048 entries that takes a fifth of a singular value decomposition.

    Shapes: centred (n, dims); the directions (at most 2, dims).
    """
    import numpy as np

    n, dims = centred.shape
    few = n < dims
    squares, found = np.linalg.eigh(centred @ centred.T if few else centred.T @ centred)
    spread = float((centred**2).sum())
    # What is below is noise of the products, and no direction.
    kept = [i for i in (-1, -2)[: len(squares)] if squares[i] > spread * n * 1e-14]
    made = np.stack([found[:, i] for i in kept]) if kept else np.zeros((0, len(squares)))
    axes = made @ centred if few else made
    return axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-300), spread
