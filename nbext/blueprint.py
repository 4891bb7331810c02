"""A team before it is asked: its picture, and what the check of it found."""

from __future__ import annotations

from agentkit.actor import Actor
from agentkit.pictures.graph import GraphPicture
from agentkit.pictures.picture import static_bundle
from agentkit.pictures.svg import TONES, clean
from agentkit.views.plan import planned
from agentkit.words import UNREAD, for_line, for_terminal

GRAPH = (
    "Checked: everybody can be reached, every way ends, every cycle is bounded, and no tool"
    " that acts once does so without approval."
)
TEAM = "Checked: no tool that acts once does so without approval."


class Blueprint:
    """Shown by %%team, and by %graph for an actor that has not been asked."""

    def __init__(self, actor: Actor) -> None:
        from agentkit.patterns.graphs.checks import check_team

        self.picture = GraphPicture(planned(actor))
        found = check_team(actor)
        marks = [("✕" if one.fatal else "!", one.text) for one in found]
        ok = GRAPH if actor.what == "graph" else TEAM
        self.lines = marks or [("✓", ok)]
        if any(one.fatal for one in found):
            self.lines.append(("", "It is refused when it is asked, before anything is paid."))

    def __repr__(self) -> str:
        lines = [str(self.picture), *(f"{mark} {text}".strip() for mark, text in self.lines)]
        return for_terminal("\n".join(lines))

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        bundle = static_bundle(self.picture)
        tones = {"✕": "failed", "!": "retry", "✓": "done", "": "idle"}
        rows = [
            f'<div class="{UNREAD}" style="font-size:12px;overflow-wrap:anywhere"><span'
            f' style="color:{TONES[tones[mark]]};font-weight:600">{mark}</span> {clean(text)}</div>'
            for mark, text in self.lines
        ]
        marked = [f"- {mark} {for_line(text)}".replace("-  ", "- ") for mark, text in self.lines]
        return {
            **bundle,
            "text/plain": repr(self),
            "text/markdown": "\n".join([bundle["text/markdown"], "", *marked]),
            "text/html": "".join([bundle["text/html"], *rows]),
        }
