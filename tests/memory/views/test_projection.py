"""Vectors as points on a sheet."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memory.views.projection import project


def cloud(seed: int, n: int, dims: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 12))
def test_all_points_stand_in_the_square_and_the_same_vectors_at_the_same_place(
    seed: int, n: int, dims: int
) -> None:
    vectors = cloud(seed, n, dims)
    points = project(vectors).place(vectors)
    assert all(-1e-3 <= x <= 1.001 and -1e-3 <= y <= 1.001 for x, y in points)
    assert points == project(vectors.copy()).place(vectors)


def test_what_lies_in_a_plane_keeps_its_distances() -> None:
    rng = np.random.default_rng(7)
    flat = rng.normal(size=(40, 2))
    turned = flat @ np.linalg.qr(rng.normal(size=(9, 9)))[0][:2]
    sheet = project(turned)
    points = np.array(sheet.place(turned))
    before = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    after = np.linalg.norm(points[:, None] - points[None], axis=-1) * sheet.span
    assert np.allclose(before, after, atol=2e-3 * sheet.span)
    assert sheet.share > 0.999


def test_the_share_tells_what_is_lost() -> None:
    axes = np.diag([3.0, 2.0, 1.0])
    vectors = np.concatenate([axes, -axes])
    assert abs(project(vectors).share - 13 / 14) < 1e-9


def test_one_item_and_equal_items_have_a_place_too() -> None:
    same = np.ones((4, 5), dtype=np.float32)
    assert project(same).place(same) == [(0.5, 0.5)] * 4
    assert project(same[:1]).place(same[:1]) == [(0.5, 0.5)]


def test_the_direction_does_not_depend_on_the_sign_that_the_decomposition_chose() -> None:
    vectors = cloud(3, 20, 6)
    mirrored = project(-vectors)
    assert np.allclose(project(vectors).axes, mirrored.axes, atol=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30))
def test_the_directions_are_those_of_the_singular_value_decomposition(
    seed: int, n: int, dims: int
) -> None:
    vectors = cloud(seed, n, dims) * np.linspace(1, 3, dims)
    sheet = project(vectors)
    _, sizes, directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    assert abs(sheet.share * (sizes**2).sum() - (sizes[:2] ** 2).sum()) <= 1e-6 * (sizes**2).sum()
    for i in range(min(2, n - 1, dims)):
        spread = np.linalg.norm((vectors - vectors.mean(axis=0)) @ sheet.axes[i])
        assert abs(spread - sizes[i]) <= 1e-5 * sizes[0]


def test_vectors_on_a_line_have_one_direction_only() -> None:
    line = np.outer([0.0, 1.0, 3.0], [3.0, 4.0, 0.0])
    sheet = project(line)
    assert sheet.place(line) == [(0.0, 0.5), (0.3333, 0.5), (1.0, 0.5)] and 1 - sheet.share < 1e-9
