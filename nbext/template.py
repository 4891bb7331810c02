r"""Templates: `{{ expression }}` in a cell's body, evaluated in the notebook's own namespace.

That happens before any call. Single braces are text; `\{{` stands for `{{` itself.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadTemplate
from nbext.background import Background

ROWS = 50
"""Rows of a table that a text gets; the rest is counted."""


def render(text: str, namespace: dict[str, Any]) -> str:
    """The text with every {{ expression }} replaced by its value.

    Raises:
        BadTemplate: an expression is not closed, not Python, or cannot be evaluated.
    """
    parts: list[str] = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        if text[start - 1 : start] == "\\":
            parts.append(text[at : start - 1] + "{{")
            at = start + 2
            continue
        parts.append(text[at:start])
        code, source, at = expression(text, start)
        parts.append(evaluate(code, source, namespace))
    return "".join([*parts, text[at:]])


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
    if wrong is None:
        raise BadTemplate(
            f"The {{{{ in line {line} of the body is not closed: {text[start : start + 40]!r}.",
            expected="{{ expression }}",
            todo=r"close it, or write \{{ for the two braces themselves",
        )
    source, cause = wrong
    why = cause.msg if isinstance(cause, SyntaxError) else str(cause)
    raise BadTemplate(
        f"{{{{ {source} }}}} in line {line} of the body is no Python expression: {why}.",
        expected="an expression over this notebook's variables",
        todo=r"correct it, or write \{{ for the two braces themselves",
        expression=source,
    ) from cause


def evaluate(code: Any, source: str, namespace: dict[str, Any]) -> str:
    """The value of an expression, as text.

    Raises:
        BadTemplate: it raised; nothing was asked or paid.
    """
    try:
        return shown(eval(code, namespace))
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
    head = table.head(ROWS)
    names = ["", *map(str, table.columns)]
    rows = [
        [str(index), *map(str, row)] for index, row in zip(head.index, head.values, strict=True)
    ]
    lines = [cells(names), "|" + "---|" * len(names), *map(cells, rows)]
    more = len(table) - len(head)
    return "\n".join(lines) + (f"\n({more} more rows)" if more > 0 else "")


def cells(row: list[str]) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
