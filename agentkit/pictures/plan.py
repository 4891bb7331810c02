"""A plan as people see it: its steps as cards, each left of what waits for it."""

from __future__ import annotations

from agentkit.amounts import seconds
from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.steps import placed
from agentkit.pictures.svg import clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import markdown_table
from agentkit.views.phrases import short
from agentkit.views.planview import PlanView
from agentkit.words import for_line

TONES = {"waiting": "idle", "stalled": "waiting"}
"""Colours of states, where they are not called as the state."""

NONE = "No plan was noted: plan_and_execute and ledger make plans."


class PlanPicture(Picture[PlanView]):
    """The steps of each plan, and how far they are."""

    of = PlanView

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All plans as JSON, with the places of their steps."""
        data = self.view.data(since)
        return {**data, "plans": [laid_out(plan) for plan in data["plans"]]}

    def to_svg(self) -> str:
        return chart(self.data())

    def to_markdown(self) -> str:
        """A table of the steps of each plan."""
        parts = []
        for plan in self.view.data()["plans"]:
            for draft in plan["drafts"]:
                why = f": {for_line(draft['why'])}" if draft["why"] else ""
                parts.append(f"**{for_line(plan['path'])} {for_line(draft['title'])}**{why}")
                rows = [["step", "state", "who", "after", "task", "said", "took"]]
                rows += [
                    [
                        step["id"], step["state"], step["actor"], ", ".join(step["needs"]),
                        step["task"], step["told"], seconds(step["took_s"]),
                    ]
                    for step in draft["steps"]
                ]  # fmt: skip
                parts.append(markdown_table(rows) if draft["steps"] else for_line(draft["text"]))
        return "\n\n".join(parts) or NONE

    def __str__(self) -> str:
        lines = []
        for plan in self.view.data()["plans"]:
            lines.append(f"{plan['path'] or plan['what']}: {plan['said']}")
            for draft in plan["drafts"]:
                lines.append(f"  {draft['title']}" + (f" ({draft['why']})" if draft["why"] else ""))
                lines += map(line, draft["steps"])
        return "\n".join(lines) or NONE


def line(step: dict[str, JSON]) -> str:
    """A step as a line of text."""
    after = f" after {', '.join(step['needs'])}" if step["needs"] else ""
    told = f" → {short(step['told'], 80)}" if step["told"] else ""
    head = f"    {step['id']} {step['state']:<9} {step['actor']}{after}: "
    return f"{head}{short(step['task'], 80)}{told}"


def laid_out(plan: dict[str, JSON]) -> dict[str, JSON]:
    """A plan with the places of its steps; the instructions of a ledger stand in lines."""
    wrap = plan["what"] == "ledger"
    drafts = [{**draft, **placed(draft["steps"], wrap=wrap)} for draft in plan["drafts"]]
    return {**plan, "drafts": drafts}


def chart(data: dict[str, JSON]) -> str:
    """All plans as SVG without script."""
    parts: list[str] = []
    y, width = 30.0, 420.0
    for plan in data["plans"]:
        head, wide = heading(plan["path"] or plan["what"], plan["said"], y)
        parts += head
        width = max(width, wide)
        y += 14
        for draft in plan["drafts"]:
            if len(plan["drafts"]) > 1:
                title = f"{draft['title']}: {draft['why']}" if draft["why"] else draft["title"]
                parts.append(words(cut(title, 860, 11), 18, y + 12, 11, **paint("mute")))
                width = max(width, min(900.0, len(title) * 6.2 + 40))
                y += 22
            body = [edge(e, draft) for e in draft["edges"]] + [card(s) for s in draft["steps"]]
            if body:
                parts.append(element("g", *body, transform=f"translate(18 {y:g})"))
            width = max(width, draft["width"] + 36)
            y += draft["height"] + 22
        y += 18
    if not data["plans"]:
        parts.append(words("no plan yet", 18, y, 12, **paint("mute")))
        y += 34
    title = "; ".join(f"Plan of {p['path']}: {p['said']}" for p in data["plans"]) or "No plan yet"
    return document(width, y - 20, title, *parts)


def edge(edge: dict[str, JSON], draft: dict[str, JSON]) -> str:
    """What a step waits for; drawn strongly once it is there."""
    state = next(step["state"] for step in draft["steps"] if step["id"] == edge["from"])
    tone = paint(stroke="done" if state == "done" else "line")
    dash = None if state == "done" else "4 4"
    look = {**tone, "fill": "none"}
    return element("path", d=edge["d"], stroke_width=1.5, stroke_dasharray=dash, **look)


def card(step: dict[str, JSON]) -> str:
    """A step: who, how far, what, and what came of it."""
    x, y, width, height = step["at"]
    state = step["state"]
    tone = TONES.get(state) or str(state)
    dash = "4 3" if state in ("waiting", "cancelled") else None
    parts = [
        element("title", clean(f"{step['id']}. {step['task']}\n{step['actor']}, {state}\n"
                               f"{step['told']}".strip())),
        element("rect", x=x, y=y, width=width, height=height, rx=9.0, stroke_width=1.4,
                stroke_dasharray=dash, **paint("surface", tone)),
        element("circle", cx=x + 16, cy=y + 17, r=4.5, **paint(tone)),
        words(cut(f"{step['id']} · {step['actor']}", width - 92, 12), x + 28, y + 21, 12,
              font_weight=600),
        words(seconds(step["took_s"]) if step["took_s"] is not None else state, x + width - 12,
              y + 21, 10.5, text_anchor="end", **paint("mute")),
    ]  # fmt: skip
    for i, line in enumerate(step["lines"]):
        parts.append(words(line, x + 14, y + 39 + 14 * i, 11))
    if step["told"]:
        bad = state in ("failed", "stalled")
        look = {**paint(tone), "style": None} if bad else paint("mute")
        parts.append(words(cut(f"→ {step['told']}", width - 34, 11), x + 14, y + 72, 11, **look))
    return element("g", *parts)
