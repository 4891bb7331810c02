"""What a graph shows and where: cards for nodes and crowds, curves for their edges."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.messages import JSON
from agentkit.pictures.crowd import crowds
from agentkit.pictures.layout import Box, NodePair, place
from agentkit.pictures.route import routes
from agentkit.views.counterparts import APART
from agentkit.views.mail import EdgeMessage, GraphEdge
from agentkit.views.node import GraphNode

ACTOR_HEIGHT = 48.0
CROWD_WIDTH = 176.0


class PictureShape:
    """The shape of the picture. It does not change while only counts and states do."""

    def __init__(
        self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], kin: Sequence[tuple[str, str]]
    ) -> None:
        asks = [(e.source, e.target) for e in edges if e.kinds["task"] or e.kinds["call"]]
        asks += [pair for pair in kin if pair not in asks]
        self.crowd = crowds(((node.id, node.what) for node in nodes), asks)
        self.cards: dict[str, list[str]] = {}
        """Nodes of each card."""
        self.curves: dict[str, tuple[str, str, str, list[GraphEdge]]] = {}
        """Id, source, target and edges of each curve."""
        for node in nodes:
            self.cards.setdefault(self.card(node.id), []).append(node.id)
        for edge in edges:
            source, target = self.card(edge.source), self.card(edge.target)
            name = self.curve(edge)
            self.curves.setdefault(name, (name, source, target, []))[3].append(edge)
        between = dict.fromkeys((self.card(a), self.card(b)) for a, b in asks)
        self.layout = self.laid_out(nodes, between)

    def card(self, node: str) -> str:
        """The card of a node: itself, or its crowd."""
        return self.crowd.get(node, node)

    def curve(self, edge: GraphEdge) -> str:
        """The curve of an edge."""
        return f"{self.card(edge.source)}→{self.card(edge.target)}"

    def laid_out(
        self, nodes: Sequence[GraphNode], asks: dict[tuple[str, str], None]
    ) -> dict[str, JSON]:
        """Places of cards and curves; the still and the live picture share them."""
        sizes = {self.card(node.id): size(node) for node in nodes}
        # Cards of one width line up; tools and you keep their own.
        wide = max((w for w, h in sizes.values() if h == ACTOR_HEIGHT), default=0.0)
        wide = max(wide, CROWD_WIDTH) if self.crowd else wide
        boxes = [Box(name, wide if h == ACTOR_HEIGHT else w, h) for name, (w, h) in sizes.items()]
        pairs = [(source, target) for _, source, target, _ in self.curves.values()]
        linked = dict.fromkeys([*pairs, *asks])
        placed = place(boxes, [NodePair(*pair, pair in asks) for pair in linked])
        drawn = routes(placed, set(pairs), {b.id: b.height for b in boxes})
        return {
            "width": placed.width,
            "height": placed.height,
            "nodes": {b.id: [*placed.centres[b.id], round(b.width, 1), b.height] for b in boxes},
            "edges": {
                f"{a}→{b}": {"d": r.d, "head": r.head, "label": list(r.label)}
                for (a, b), r in drawn.items()
            },
        }

    def letters(self, name: str) -> list[tuple[GraphEdge, EdgeMessage]]:
        """The messages of a curve, or all that a card sent or got."""
        if name in self.curves:
            edges = self.curves[name][3]
        else:
            curves = self.curves.values()
            edges = [e for _, a, b, part in curves if name in (a, b) for e in part]
        return [(e, letter) for e in edges for letter in e.letters]


def size(node: GraphNode) -> tuple[float, float]:
    """Width and height of a node in pixels, from its words."""
    if node.what == "you":
        return 68.0, 40.0
    if node.what in APART:
        return max(72.0, min(190.0, len(node.label) * 7.0 + 44)), 32.0
    words = max(len(node.label) * 7.8, len(node.under or node.what) * 6.2 + 14)
    return max(126.0, min(210.0, words + 48)), ACTOR_HEIGHT
