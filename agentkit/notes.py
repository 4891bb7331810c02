"""Notes: decisions worth showing, each a type with its fields.

A note's class stands next to what emits it, or next to what reads it where that comes earlier, and
registers itself by its topic:

    class Retried(Note):
        topic = "retry"
        attempt: int
        wait_s: float

    note(Retried(attempt=2, wait_s=0.4))

The log keeps a topic and JSON (`Noted`), so that a note outlives its class. `Noted.note` is the
note again, for views to match on the class:

    match event:
        case Noted(note=Retried() as retried): ...

What no class here fits, as a user's own `note("my topic", {...})`, an old note that lacks a field
or one of a newer version, has None there; it shows all the same, with its topic and its data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationError, WrapValidator

from agentkit.errors import name_of
from agentkit.messages import JSON
from agentkit.values import mended, sound

KNOWN: dict[str, tuple[type[Note], ...]] = {}
"""The classes by their topic. Several may share one: that whose required fields are there fits."""


def _as_given(given: Any, as_float: Callable[[Any], float]) -> float:
    return given if type(given) is int else as_float(given)


Number = Annotated[float, WrapValidator(_as_given), PlainSerializer(lambda given: given)]
"""A float field of a note that keeps 3 as 3: a resumed run knows a note again by its JSON."""


class Note(BaseModel):
    """The base of all notes; a subclass with a topic registers itself.

    Fields that were given are stored, and no others. A field whose name in the log is no name
    in Python, or was another one once, says so by an alias; inside Annotated, where a type checker
    keeps the name of the field for those who make the note.
    """

    model_config = ConfigDict(
        frozen=True,
        # One of a newer version may have more fields.
        extra="ignore",
        ser_json_inf_nan="constants",
        populate_by_name=True,
        # A schema is built when the first note of its kind is made: importing stays light.
        defer_build=True,
    )

    topic: ClassVar[str] = ""
    """The name of its kind in the log."""
    says: ClassVar[str] = ""
    """The sentence that it reads as, with its fields as the log calls them in braces."""
    grave: ClassVar[bool] = False
    """Whether something went wrong, or is missing, so that somebody should look."""
    quiet: ClassVar[bool] = False
    """Whether it tells nothing that the rest of a picture does not tell anyway."""
    whole: ClassVar[str] = ""
    """The one field that is all of the data, where they are no fields but names of members."""

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        if "topic" in vars(cls):
            others = (one for one in KNOWN.get(cls.topic, ()) if name_of(one) != name_of(cls))
            KNOWN[cls.topic] = (*others, cls)

    def sentence(self) -> str:
        """All of it as a sentence, of a note that `says` cannot put into words; else empty."""
        return ""

    def data(self) -> JSON:
        """As the log keeps it."""
        fields = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        fields = fields if sound(fields) else mended(fields)
        return fields[self.whole] if self.whole else fields


def told(topic: str, data: JSON) -> Note | None:
    """The note that a log kept; None where no class of this process fits it."""
    for kind in KNOWN.get(topic, ()):
        try:
            return kind.model_validate({kind.whole: data} if kind.whole else data)
        except ValidationError:
            continue
    return None
