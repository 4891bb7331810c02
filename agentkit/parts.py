"""Parts of a message's content that are no text: images, files, data, what was thought.

    await agent(["What is on it?", Image.from_path("chart.png")])

A part says in JSON what it is, and names its bytes by their SHA-256. So messages, their ids and
the keys of steps never hold the bytes: a log keeps them once, beside its events, and gives them
back when they are wanted. A text is a part as it is, as `str`.
"""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from agentkit.attachments import Binary, File, Image, Part, described, shown_name
from agentkit.errors import SetupError, error_text
from agentkit.values import JSON, canonical, jsonable, mended

__all__ = [
    "Binary",
    "Content",
    "Data",
    "File",
    "Image",
    "Part",
    "Reasoning",
    "Unknown",
    "as_content",
    "read",
]


DEEPEST = 100
"""Levels of lists and objects in data: a log reads messages back by a parser that stops at 200."""


class Data(Part):
    """A JSON value, which models read as its text."""

    type = "data"
    value: JSON
    name: str

    def __init__(self, value: Any, name: str = "") -> None:
        """Make one of any value that has a JSON form.

        Raises:
            SetupError: it has none.
        """
        try:
            made = jsonable(value)
            if depth_of(made) > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} levels deep")
            self._set(value=made, name=shown_name(name))
        except ValueError as error:
            raise SetupError(
                f"A part of data cannot be made of {type(value).__name__}: {error_text(error)}.",
                expected="a value that has a JSON form",
            ) from error

    @property
    def words(self) -> str:
        text = canonical(self.value)
        return f"{self.name}: {text}" if self.name else text

    def form(self) -> dict[str, JSON]:
        named = {"name": self.name} if self.name else {}
        return {"type": self.type, "value": self.value, **named}

    def __reduce__(self) -> tuple[Any, ...]:
        return (Data, (self.value, self.name))


class Reasoning(Part):
    """What a model thought; shown to people, and sent to no other model."""

    type = "reasoning"
    text: str

    def __init__(self, text: str) -> None:
        self._set(text=str(mended(text)))

    @property
    def words(self) -> str:
        return ""

    def form(self) -> dict[str, JSON]:
        return {"type": self.type, "text": self.text}

    def __repr__(self) -> str:
        return f"[reasoning: {self.text}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Reasoning, (self.text,))


class Unknown(Part):
    """A part that a newer version wrote: kept as it is, and shown as what it says it is."""

    fields: dict[str, JSON]

    def __init__(self, fields: dict[str, JSON]) -> None:
        self._set(fields=dict(fields))

    @property
    def words(self) -> str:
        return f"[part of an unknown type, {str(self.fields.get('type', ''))[:40]!r}]"

    def form(self) -> dict[str, JSON]:
        return self.fields

    def __reduce__(self) -> tuple[Any, ...]:
        return (Unknown, (self.fields,))


class Content(tuple[str | Part, ...]):
    """Content that is not text alone; `str()` of it is all of it in words."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(filter(None, (one if isinstance(one, str) else one.words for one in self)))

    def form(self) -> list[JSON]:
        """As a log keeps it."""
        return [one if isinstance(one, str) else one.form() for one in self]

    @property
    def binaries(self) -> tuple[Binary, ...]:
        """The parts in it that have bytes, or a URL."""
        return tuple(one for one in self if isinstance(one, Binary))

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(one for one in self if isinstance(one, Image))

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.checked,
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls.form, return_schema=core_schema.list_schema()
            ),
        )

    @classmethod
    def checked(cls, value: Any) -> str | Content:
        """Content from parts, or from the JSON that a log kept; texts alone are one text.

        Raises:
            ValueError: it is neither.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, Part):
            return cls((value,))
        if not isinstance(value, list | tuple):
            raise ValueError("no text, and no list of texts and parts")
        parts = [checked_part(one) for one in value]
        if all(isinstance(one, str) for one in parts):
            return "\n".join(map(str, parts))
        return cls(parts)


def depth_of(value: JSON) -> int:
    """How many lists and objects are inside of each other in a value."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def checked_part(value: Any) -> str | Part:
    """A part from itself, or from its JSON.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, Part):
        return value
    if isinstance(value, str):
        return str(mended(value))
    if isinstance(value, dict):
        return read(value)
    raise ValueError(f"a {type(value).__name__} is no part of a message")


def read(form: dict[str, JSON]) -> Part:
    """The part that a log kept so; an Unknown where nothing known here fits exactly.

    Exactly, because a message's id is made from the form.
    """
    made: Part | None = None
    match form:
        case {"type": "image" | "file" as kind}:
            texts = [form.get(name, "") for name in ("media_type", "name", "url", "sha256")]
            if all(isinstance(one, str) for one in texts) and type(form.get("size", 0)) is int:
                made = described(Image if kind == "image" else File, form)
        case {"type": "data", "value": value}:
            made = Data.__new__(Data)._set(value=value, name=form.get("name", ""))
        case {"type": "reasoning", "text": str(text)}:
            made = Reasoning(text)
    return made if made is not None and made.form() == form else Unknown(form)


def as_content(value: Any) -> Content | None:
    """A value as content, where it is a part or a list with one in it; else None.

    Lists of texts alone are JSON, as they always were; content in a list becomes part of it.

    Raises:
        SetupError: beside a part there is something that is neither a text nor a part.
    """
    if isinstance(value, str):
        return None  # As most are, and every ask comes by here.
    if isinstance(value, Part):
        return Content((value,))
    if isinstance(value, Content):
        return value
    if not isinstance(value, list | tuple):
        return None
    value = [one for item in value for one in (item if isinstance(item, Content) else (item,))]
    if not any(isinstance(one, Part) for one in value):
        return None
    wrong = next((one for one in value if not isinstance(one, str | Part)), None)
    if wrong is not None:
        raise SetupError(
            f"Content cannot hold {type(wrong).__name__}.",
            expected="texts, Image, File, Data or Reasoning",
            todo="Data(value) takes what has a JSON form; Image.from_figure(figure) a drawing",
        )
    return Content(mended(one) if isinstance(one, str) else one for one in value if one != "")
