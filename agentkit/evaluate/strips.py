"""Numbers by question as a picture: a dot for each trial, a line for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from agentkit.evaluate.plot import COLOURS, LINES
from agentkit.pictures.svg import clean, cut, document, element, paint, words

LEFT, WIDE, LINE = 170.0, 340.0, 16.0
"""Pixels: of the names, of an axis, of a question."""


def strips(numbers: Mapping[str, Mapping[str, Sequence[float]]], title: str) -> str:
    """Return a picture as SVG.

    Args:
        numbers: by measure and question those of the trials.
        title: read aloud in its place.
    """
    parts, y = [], 10.0
    for place, (measure, questions) in enumerate(numbers.items()):
        colour = COLOURS[place % len(COLOURS)]
        found, y = strip(measure, questions, y, colour)
        parts += found
    return document(LEFT + WIDE + 90, y + 6, title, *parts)


def strip(
    measure: str, questions: Mapping[str, Sequence[float]], y: float, colour: str
) -> tuple[list[str], float]:
    """The lines of one measure, and where they end."""
    every = [one for values in questions.values() for one in values]
    if not every:
        return [words(f"{measure}: no number", 12, y + 10, 11, **paint("mute"))], y + LINE
    low, high = min(every), max(every)
    width = (high - low) or 1.0
    order = sorted(questions, key=lambda one: fmean(questions[one]))
    parts = [words(f"{measure}, {low:.4g} to {high:.4g}", LEFT, y + 10, 11, font_weight=600)]
    y += LINE + 4
    for name in order[:LINES]:
        parts.append(words(cut(name, LEFT - 20, 11), 12, y + 10, 11))
        parts.append(element("path", d=f"M{LEFT:g} {y + 6:g}h{WIDE:g}", **paint("", "faint")))
        for n, value in enumerate(questions[name], 1):
            tip = element("title", clean(f"{name}, trial {n}: {measure} {value:.6g}"))
            x = LEFT + (value - low) / width * WIDE
            parts.append(element("circle", tip, cx=x, cy=y + 6, r=4, fill=colour, fill_opacity=0.7))
        mean = f"{fmean(questions[name]):.4g}"
        parts.append(words(mean, LEFT + WIDE + 12, y + 10, 11, **paint("mute")))
        y += LINE
    if order[LINES:]:
        more = f"{len(order) - LINES} more questions with larger numbers"
        parts.append(words(more, 12, y + 10, 10.5, **paint("mute")))
        y += LINE
    return parts, y + 8
