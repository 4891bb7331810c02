"""Where nodes stand, and that curves go where they should."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.pictures.aligning import space_out
from agentkit.pictures.layout import Box, NodePair, layers, place
from agentkit.pictures.route import routes

PAIRS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.booleans()), max_size=40)


def placed(pairs: list[tuple[int, int, bool]], count: int = 15):
    boxes = [Box(str(i), 100, 40) for i in range(count)]
    return place(boxes, [NodePair(str(a), str(b), asks) for a, b, asks in pairs])


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS)
def test_no_two_nodes_overlap_and_all_are_inside(pairs: list[tuple[int, int, bool]]) -> None:
    found = placed(pairs)
    spots = list(found.centres.values())
    for i, (x, y) in enumerate(spots):
        assert 50 <= x <= found.width - 50 and 20 <= y <= found.height - 20
        assert all(abs(x - u) >= 100 or abs(y - v) >= 40 for u, v in spots[:i])


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS)
def test_lines_pass_beside_the_nodes_of_the_columns_they_cross(
    pairs: list[tuple[int, int, bool]],
) -> None:
    found = placed(pairs)
    for stops in found.lines.values():
        for x_in, x_out, y in stops[1:-1]:
            for x, v in found.centres.values():
                assert not x_in <= x <= x_out or abs(y - v) >= 20


@settings(max_examples=80, deadline=None)
@given(pairs=PAIRS)
def test_the_same_graph_gives_the_same_picture_and_a_curve_for_every_pair(
    pairs: list[tuple[int, int, bool]],
) -> None:
    found, again = placed(pairs), placed(pairs)
    assert (found.centres, found.lines) == (again.centres, again.lines)
    wanted = {(str(a), str(b)) for a, b, _ in pairs}
    drawn = routes(found, wanted, {str(i): 40.0 for i in range(15)})
    assert set(drawn) == wanted
    assert len({route.d for route in drawn.values()}) == len(wanted)


def test_who_is_asked_stands_to_the_right_of_who_asks() -> None:
    links = [
        NodePair("you", "team"),
        NodePair("team", "a"),
        NodePair("team", "b"),
        NodePair("b", "a"),
    ]
    level = layers(["you", "team", "a", "b"], links)
    assert level == {"you": 0, "team": 1, "b": 2, "a": 3}


def test_a_cycle_does_not_keep_anybody_from_a_place() -> None:
    links = [NodePair("you", "a"), NodePair("a", "b"), NodePair("b", "c"), NodePair("c", "a")]
    assert layers(["you", "a", "b", "c"], links) == {"you": 0, "a": 1, "b": 2, "c": 3}


def test_two_directions_of_a_pair_are_two_curves() -> None:
    found = placed([(0, 1, True)], 2)
    drawn = routes(found, {("0", "1"), ("1", "0")}, {"0": 40.0, "1": 40.0})
    assert drawn["0", "1"].d != drawn["1", "0"].d
    assert drawn["0", "1"].label != drawn["1", "0"].label


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_spreading_keeps_the_order_and_the_distance(wanted: list[float]) -> None:
    spots = space_out(wanted, [10.0] * len(wanted), [5.0] * len(wanted))
    assert all(b - a >= 15 - 1e-6 for a, b in zip(spots, spots[1:], strict=False))


def test_spreading_moves_nobody_who_has_room() -> None:
    assert space_out([0.0, 50.0, 100.0], [10.0] * 3, [5.0] * 2) == [0.0, 50.0, 100.0]


def test_many_different_workers_stand_in_a_grid_that_can_be_read() -> None:
    names = [f"agent of its own {i}"[-14:] for i in range(35)]
    boxes = [Box("you", 68, 40), Box("team", 126, 48), *(Box(name, 126, 48) for name in names)]
    links = [NodePair("you", "team"), *(NodePair("team", name) for name in names)]
    placed = place(boxes, links)
    assert placed.width < 1300 and placed.height < 1000
    assert len({x for x, _ in placed.centres.values()}) == 7
    for one in names:
        for other in names:
            (x1, y1), (x2, y2) = placed.centres[one], placed.centres[other]
            assert one == other or abs(x1 - x2) >= 126 or abs(y1 - y2) >= 48
    for stops in placed.lines.values():
        for x, _, y in stops[1:-1]:
            near = [
                p for p in placed.centres.values() if abs(p[0] - x - 63) < 1 and abs(p[1] - y) < 26
            ]
            assert not near, "a line runs through a card"


def test_curves_between_nodes_of_the_outer_columns_stay_in_the_picture() -> None:
    """A cubic's points lie between its own; those that pull it stand outside."""
    boxes = [Box(str(i), 100, 40) for i in range(9)]
    found = place(boxes, [NodePair("0", "8", asks=False), NodePair("8", "0", asks=False)])
    drawn = routes(found, {("0", "8"), ("8", "0")}, {str(i): 40.0 for i in range(9)})
    for route in drawn.values():
        a, b, c, d = ([float(n) for n in re.findall(r"-?[\d.]+", route.d)][i] for i in (0, 2, 4, 6))
        for t in (i / 50 for i in range(51)):
            x = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
            assert 3 <= x <= found.width - 3
