r"""Templates: `{{ expression }}` in a cell's body, evaluated in the notebook's own namespace.

That happens before any call. Single braces are text; `\{{` stands for `{{` itself. In a task an
image, a file or a figure becomes a part of it; a table is text, its first rows and columns.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadTemplate, SetupError
from agentkit.forms import DRAWN
from agentkit.messages import Content
from agentkit.parts import Image, as_content
from nbext.background import Background

ROWS, COLUMNS, CELL = 50, 30, 200
"""Rows and columns of a table that a text gets, and characters of a cell; the rest is counted."""


def render(text: str, namespace: dict[str, Any]) -> str:
    """The text with every {{ expression }} replaced by its value.

    Raises:
        BadTemplate: an expression is not closed, not Python, cannot be evaluated, or is no text.
    """
    found = render_content(text, namespace)
    if isinstance(found, str):
        return found
    part = next(one for one in found if not isinstance(one, str))
    raise BadTemplate(
        f"{part!r} cannot stand in this body, which is text.",
        expected="expressions with a value that is text, or has a text",
        todo="images and files belong into a task: %%ask ACTOR, and {{ ... }} below it",
    )


def render_content(text: str, namespace: dict[str, Any]) -> str | Content:
    """The text with every {{ expression }} replaced by its value; content where one is a part.

    Raises:
        BadTemplate: an expression is not closed, not Python, or cannot be evaluated.
    """
    pieces = rendered(text, namespace)
    if all(isinstance(one, str) for one in pieces):
        return "".join(map(str, pieces))
    texts: list[Any] = []
    for one in pieces:
        # Text that belongs together is one text, however many expressions are in it.
        if isinstance(one, str) and texts and isinstance(texts[-1], str):
            texts[-1] += one
        else:
            texts.append(one)
    kept = [one.strip() if isinstance(one, str) else one for one in texts]
    return as_content([one for one in kept if one != ""]) or ""


def rendered(text: str, namespace: dict[str, Any]) -> list[str | Content]:
    """The pieces of a text: what stands there, and the values of its expressions.

    Raises:
        BadTemplate: see `render`.
    """
    parts: list[str | Content] = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        if text[start - 1 : start] == "\\":
            parts.append(text[at : start - 1] + "{{")
            at = start + 2
            continue
        parts.append(text[at:start])
        code, source, at = expression(text, start)
        parts.append(expression_value(code, source, namespace))
    return [*parts, text[at:]]


def expression(text: str, start: int) -> tuple[Any, str, int]:
    """The expression whose braces open here: its code, its source, and where they close.

    Raises:
        BadTemplate: the braces are not closed, or no Python expression is between them.
    """
    end = start
    wrong: tuple[str, Exception] | None = None
    while (end := text.find("}}", end + 2 if end == start else end + 1)) >= 0:
        source = text[start + 2 : end].strip()
        try:
            return compile(source, "<template>", "eval"), source, end + 2
        except (SyntaxError, ValueError) as error:
            # A dict inside the expression may end in }} too: try the next pair of braces.
            wrong = wrong or (source, error)
    line = text.count("\n", 0, start) + 1
    place = f" in line {line} of the body" if "\n" in text else ""
    if wrong is None:
        raise BadTemplate(
            f"The {{{{{place} is not closed: {text[start : start + 40]!r}.",
            expected="{{ expression }}",
            todo=r"close it, or write \{{ for the two braces themselves",
        )
    source, cause = wrong
    why = cause.msg if isinstance(cause, SyntaxError) else str(cause)
    raise BadTemplate(
        f"{{{{ {source} }}}}{place} is no Python expression: {why}.",
        expected="an expression over this notebook's variables",
        todo=r"correct it, or write \{{ for the two braces themselves",
        expression=source,
    ) from cause


def expression_value(code: Any, source: str, namespace: dict[str, Any]) -> str | Content:
    """The value of an expression, as text or as content.

    Raises:
        BadTemplate: it raised; nothing was asked or paid.
    """
    try:
        value = eval(code, namespace)
        content = pictured(value)
        return shown(value) if content is None else content
    except Exception as error:
        undefined = isinstance(error, NameError)
        what = error.what if isinstance(error, AgentkitError) else error
        raise BadTemplate(
            f"{{{{ {source} }}}} cannot be evaluated: {type(error).__name__}: {what}",
            expected="a value; nothing was asked or paid",
            todo="run the cell that defines it, then this one again"
            if undefined
            else "try the expression in a cell of its own",
            expression=source,
        ) from error


def pictured(value: Any) -> Content | None:
    """A value as content, where it is more than text: a part, an answer with one, a figure.

    Raises:
        SetupError: a figure that cannot be drawn, or a part beside what is none.
    """
    if isinstance(value, Background):
        value = value.answer()
    if isinstance(value, Answer):
        return value.content
    if (content := as_content(value)) is not None:
        return content
    if isinstance(value, type) or not any(hasattr(type(value), name) for name in DRAWN):
        return None
    try:
        return Content((Image.from_figure(value),))
    except SetupError:
        if hasattr(value, "savefig") or hasattr(value, "get_figure"):
            raise
        return None  # It can draw itself, but has nothing to draw: its text has to do.


def shown(value: Any) -> str:
    """A value as the text that a model reads."""
    if isinstance(value, str):
        return value
    if isinstance(value, Answer | Background):
        return value.text
    if isinstance(value, BaseModel):
        return value.model_dump_json(indent=2)
    if type(value).__module__.partition(".")[0] == "pandas":
        return frame(value)
    if isinstance(value, dict | list | tuple | set | frozenset):
        return collection(value)
    return str(value)


def collection(value: Any) -> str:
    """A container as JSON where it can be, indented where it is long."""
    try:
        plain = to_jsonable_python(value)
    except PydanticSerializationError:
        return repr(value)
    short = json.dumps(plain, ensure_ascii=False)
    return short if len(short) <= 80 else json.dumps(plain, ensure_ascii=False, indent=1)


def frame(value: Any) -> str:
    """A pandas table as a Markdown one, its first rows if it is long."""
    if not hasattr(value, "head") or not hasattr(value, "to_csv"):
        return str(value)
    table = (
        value.to_frame() if hasattr(value, "to_frame") and not hasattr(value, "columns") else value
    )
    head = table.iloc[:ROWS, :COLUMNS] if hasattr(table, "iloc") else table.head(ROWS)
    names = ["", *map(str, head.columns)]
    rows = [
        [str(index), *map(str, row)] for index, row in zip(head.index, head.values, strict=True)
    ]
    lines = [cells(names), "|" + "---|" * len(names), *map(cells, rows)]
    rest = [(len(table) - len(head), "rows"), (len(table.columns) - len(head.columns), "columns")]
    more = " and ".join(f"{count} more {what}" for count, what in rest if count > 0)
    return "\n".join(lines) + (f"\n({more})" if more else "")


def cells(row: list[str]) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(map(cell, row)) + " |"


def cell(text: str) -> str:
    """One cell: on one line, and no longer than a reader wants it."""
    cut = text if len(text) <= CELL else text[: CELL - 1] + "…"
    return cut.replace("|", "\\|").replace("\n", " ")
