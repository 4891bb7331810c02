"""The message graph as people see it: cards and curves, where they stand, and their messages."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.cards import graph_svg, said_of, summary
from agentkit.pictures.crowd import together
from agentkit.pictures.picture import Picture
from agentkit.pictures.scene import PictureShape
from agentkit.pictures.table import markdown_table
from agentkit.views.graph import MessageGraph
from agentkit.views.mail import EdgeMessage, GraphEdge, edge_data
from agentkit.views.node import GraphNode

NOTES = "notes:"
"""Before the id of a card, for its notes alone."""


class GraphPicture(Picture[MessageGraph]):
    """Who talked with whom: like nodes are drawn as one card, and each card has its place."""

    of = MessageGraph

    def __init__(self, view: MessageGraph | None = None) -> None:
        super().__init__(view)
        self.drawn: tuple[int, PictureShape] = (0, PictureShape([], [], []))

    def scene(self) -> PictureShape:
        """Which cards and curves there are, and where; the same until a node or an edge comes."""
        view = self.view
        if self.drawn[0] != view.shape:
            kin = sorted(view.kin, key=lambda pair: view.kin[pair])
            self.drawn = (
                view.shape,
                PictureShape(view.nodes_in_order(), view.edges_in_order(), kin),
            )
        return self.drawn[1]

    def data(self, since: int = 0) -> dict[str, JSON]:
        """Cards, curves and their layout as JSON; see View.data.

        When a node or an edge came, all are given, with their new places.
        """
        view, scene = self.view, self.scene()
        anew = since == 0 or view.shape > since
        names = [name for name in view.changes.since(since) if isinstance(name, str)]
        cards = dict.fromkeys(scene.card(n) for n in names if n in view.nodes)
        curves = dict.fromkeys(scene.curve(view.edges[n]) for n in names if n in view.edges)
        return {
            **view.head(),
            "nodes": [self.card(n) for n in (scene.cards if anew else cards)],
            "edges": [edge_data(*scene.curves[e]) for e in (scene.curves if anew else curves)],
            "layout": scene.layout if anew else None,
        }

    def card(self, name: str) -> dict[str, JSON]:
        """The data of what is drawn as one card: a node, or a crowd."""
        view = self.view
        members = [view.nodes[n].data() for n in self.scene().cards[name]]
        return members[0] if name in view.nodes else together(name, members)

    def page(self, name: str, start: int = 0, count: int = 50) -> dict[str, JSON]:
        """Some messages of a curve or a card, shortened, oldest first.

        Of a card the notes about it are among them; `notes:CARD` has the notes alone.
        """
        found = self.letters(name)
        start = max(0, min(start, len(found)))
        shown = found[start : start + max(0, count)]
        items: list[JSON] = [self.view.letter(of, letter) for of, letter in shown]
        return {"total": len(found), "start": start, "items": items}

    def letters(self, name: str) -> list[tuple[GraphEdge | GraphNode, EdgeMessage]]:
        """What a curve or a card tells, in order of time, each with what it belongs to."""
        scene, card = self.scene(), name.removeprefix(NOTES)
        nodes = [self.view.nodes[n] for n in scene.cards.get(card, ())]
        found: list[tuple[GraphEdge | GraphNode, EdgeMessage]] = [
            (node, letter)
            for node in nodes
            for letter in node.told
            if card == name or letter.kind == "note"
        ]
        if card == name:
            found += scene.letters(name)
        return sorted(found, key=lambda pair: (pair[1].at, pair[1].run, pair[1].seq))

    def to_svg(self) -> str:
        return graph_svg(self.data())

    def to_markdown(self) -> str:
        """Who sent what to whom, as a table."""
        data = self.data()
        rows = [["from", "to", "messages"], *told(data)]
        return "\n".join([summary(data), "", markdown_table(rows, numbers=False)])

    def __str__(self) -> str:
        data = self.data()
        return "\n".join([summary(data), *(f"  {a} → {b}: {kinds}" for a, b, kinds in told(data))])


def told(data: dict[str, JSON]) -> list[list[str]]:
    """From whom, to whom, and how many messages of which kind, in words."""
    names = {node["id"]: node["label"] for node in data["nodes"]}
    return [
        [
            names[edge["source"]],
            names[edge["target"]],
            said_of(
                edge,
                ", ".join(f"{count} {kind}" for kind, count in edge["kinds"].items())
                or edge["label"]
                or "not yet",
            ),
        ]
        for edge in data["edges"]
    ]
