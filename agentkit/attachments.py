"""Images and files as parts of a message: a name, a media type, and bytes known by SHA-256."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote_to_bytes, urlsplit

from agentkit.amounts import size
from agentkit.errors import BlobMissing, SetupError, error_text
from agentkit.media import RASTER, canonical_type, guessed, is_text, readable, sniffed, type_by_name
from agentkit.regex import lazy_regex
from agentkit.values import JSON, canonical, mended

LARGEST = 32 * 1024 * 1024
"""Bytes of one part: no endpoint takes more in a request."""

LONGEST_URL = 8_000
NAME = 200
"""Characters of a name that are kept."""

DATA_URL = lazy_regex(r"data:([\w.+/-]*)((?:;[\w.+=-]+)*?)(;base64)?,", re.IGNORECASE)


class Part:
    """A piece of content that is no text. It never changes, and equals what has the same form."""

    type: ClassVar[str] = ""
    no_json: ClassVar[bool] = True
    """It has no JSON form but in a message, where its bytes are kept; see `agentkit.forms`."""

    def form(self) -> dict[str, JSON]:
        """What it is, as JSON without its bytes; what a log keeps of it in its message."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """It in words, for whoever takes only text."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.form() == other.form()

    def __hash__(self) -> int:
        return hash(canonical(self.form()))

    def __str__(self) -> str:
        return self.words

    def __repr__(self) -> str:
        return self.words

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a part of a message never changes; make another {self.type}")

    def _set(self, **fields: Any) -> Self:
        self.__dict__.update(fields)
        return self


class Binary(Part):
    """What has bytes, or stands where a URL says."""

    media_type: str
    name: str
    """Of the file, without its folders; "" where nobody said."""
    url: str
    """Where an endpoint may fetch it; "" for bytes at hand. It is never fetched from here."""
    digest: str
    """SHA-256 of the bytes, in hex; "" for a URL."""
    size: int
    """Number of bytes; 0 for a URL."""

    def __init__(self, *_given: object, **_named: object) -> None:
        name = type(self).__name__
        raise SetupError(
            f"{name}(...) does not say whether it is given a file, bytes or a URL.",
            expected=f"{name}.from_path(path), {name}.from_bytes(data) or {name}.from_url(url)",
        )

    @classmethod
    def from_bytes(cls, data: bytes, *, media_type: str = "", name: str = "") -> Self:
        """Make one of bytes.

        Args:
            data: the bytes, at most LARGEST.
            media_type: what they are; by default as their beginning and the name tell.
            name: shown to people and models, as "chart.png".

        Raises:
            SetupError: there are none, too many, or they are something else than is said.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise SetupError(
                f"{cls.__name__}.from_bytes was given {type(data).__name__}.",
                expected="bytes",
                todo=f"{cls.__name__}.from_path(...) reads a file",
            )
        data, name = bytes(data), shown_name(name)
        what = f"{cls.__name__} {name}".strip()
        if not data:
            raise SetupError(f"The {what} is empty: it has 0 bytes.", expected="1 byte or more")
        if len(data) > LARGEST:
            raise SetupError(
                f"The {what} has {size(len(data))}.",
                expected=f"at most {size(LARGEST)}, because no endpoint takes more in a request",
                todo="make it smaller, or give it by a URL where the endpoint takes one",
            )
        kind = cls.checked_type(data, canonical_type(media_type), name, what)
        made = cls.__new__(cls)
        made.__dict__.update(
            media_type=kind,
            name=name,
            url="",
            digest=hashlib.sha256(data).hexdigest(),
            size=len(data),
            _source=data,
        )
        return made

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], *, media_type: str = "") -> Self:
        """Make one of a file, which is read now.

        Raises:
            SetupError: it cannot be read, is empty, too large, or something else than is said.
        """
        place = Path(path).expanduser()
        name = shown_name(place.name)
        try:
            with place.open("rb") as file:
                data = file.read(LARGEST + 1)
                if len(data) > LARGEST:
                    whole = max(os.fstat(file.fileno()).st_size, len(data))
                    raise SetupError(
                        f"{name} has {size(whole)}.",
                        expected=f"at most {size(LARGEST)}, because no endpoint takes more",
                        todo="make it smaller, or give it by a URL where the endpoint takes one",
                    )
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{mended(str(place))} cannot be read: {error_text(error)}.",
                expected=f"the path of {'an image' if cls is Image else 'a file'}",
            ) from error
        return cls.from_bytes(data, media_type=media_type, name=name)

    @classmethod
    def from_url(cls, url: str, *, media_type: str = "", name: str = "") -> Self:
        """Make one of what stands at a URL; the endpoint fetches it, not this process.

        Args:
            url: with http, https, or data, which holds the bytes itself.
            media_type: what is there; guessed by the name otherwise.
            name: shown to people and models; by default the end of the URL's path.

        Raises:
            SetupError: no such URL.
        """
        if not isinstance(url, str):
            raise SetupError(f"{cls.__name__}.from_url was given {type(url).__name__}.")
        if url[:5].lower() == "data:":
            found, data = data_url(url)
            return cls.from_bytes(data, media_type=media_type or found, name=name)
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        fits = parts.scheme.lower() in ("http", "https") and parts.netloc and len(url) < LONGEST_URL
        if not fits or any(ord(char) <= 32 or ord(char) == 127 for char in url):
            raise SetupError(
                f"{cls.__name__}.from_url cannot take {mended(url)[:100]!r}.",
                expected="https://..., or data:...;base64,...",
                todo=f"{cls.__name__}.from_path(...) reads a file",
            )
        name = shown_name(name or Path(parts.path).name)
        kind = canonical_type(media_type) or type_by_name(name)
        return cls.__new__(cls)._set(
            media_type=kind,
            name=name,
            url=mended(url),
            digest="",
            size=0,
            _source=None,
        )

    @classmethod
    def checked_type(cls, data: bytes, said: str, name: str, what: str) -> str:
        """The media type of bytes.

        Raises:
            SetupError: they are something else than is said.
        """
        found = sniffed(data)
        if said and (found or said) != said and (found in RASTER or said in RASTER):
            raise wrong_media(what, said, found)
        return said or found or guessed(data, name)

    @property
    def data(self) -> bytes:
        """The bytes.

        Raises:
            BlobMissing: they are not at hand: it is a URL, or the log has lost or erased them.
        """
        source = self.__dict__["_source"]
        if callable(source):
            source = self.__dict__["_source"] = source(self.digest)
        if source is None:
            where = f"stand at {self.url}" if self.url else "are not at hand"
            raise BlobMissing(
                f"The bytes of {self.words} {where}.",
                expected="a part made from bytes or a file, or read from a log that has them",
                digest=self.digest,
            )
        return bytes(source)

    @property
    def at_hand(self) -> bool:
        """Whether the bytes are in memory, so that a log can be given them."""
        return isinstance(self.__dict__["_source"], bytes)

    def kept_in(self, source: bytes | Callable[[str], bytes]) -> None:
        """Take the bytes from there: from a log, by their digest, once they are wanted."""
        self.__dict__["_source"] = source

    @property
    def words(self) -> str:
        of = self.url if self.url else size(self.size)
        named = f" {self.name}" if self.name else ""
        return f"[{self.type}{named}, {', '.join(filter(None, [self.media_type, of]))}]"

    def form(self) -> dict[str, JSON]:
        whole = {
            "type": self.type,
            "media_type": self.media_type,
            "name": self.name,
            "url": self.url,
            "sha256": self.digest,
            "size": self.size,
        }
        return {name: value for name, value in whole.items() if value}

    def __reduce__(self) -> tuple[Any, ...]:
        # A log cannot go along to another process; the bytes can.
        try:
            data = None if self.url else self.data
        except BlobMissing:
            data = None
        return (described, (type(self), self.form(), data))


class Image(Binary):
    """A picture: PNG, JPEG, GIF or WebP."""

    type = "image"

    @classmethod
    def checked_type(cls, data: bytes, said: str, name: str, what: str) -> str:
        found = sniffed(data)
        if found not in RASTER:
            shown = found or ("text, as SVG is" if readable(data) else "of no type known here")
            raise SetupError(
                f"The {what} is no picture that a model takes: its bytes are {shown}.",
                expected=f"one of {', '.join(RASTER)}",
                todo="save it as PNG; of a file that is no picture: File.from_path(...)",
            )
        if said and said != found:
            raise wrong_media(what, said, found)
        return found

    @classmethod
    def from_figure(cls, figure: Any, *, name: str = "figure.png") -> Image:
        """Make one of what draws itself: a figure of matplotlib, a picture of PIL, axes.

        Raises:
            SetupError: it gives no picture.
        """
        return cls.from_bytes(drawn(figure), name=name)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """As a notebook shows it; a remote one only in words."""
        shown: dict[str, Any] = {"text/plain": self.words}
        with contextlib.suppress(BlobMissing):
            # A log that was altered may say another type, of which a page would make what it likes.
            if sniffed(self.data) == self.media_type and self.media_type in RASTER:
                shown[self.media_type] = in_base64(self.data)
        return shown


class File(Binary):
    """A file that is no picture: a PDF, a text, a sound; endpoints differ in what they take."""

    type = "file"

    @classmethod
    def checked_type(cls, data: bytes, said: str, name: str, what: str) -> str:
        found = super().checked_type(data, said, name, what)
        if found in RASTER:
            raise SetupError(
                f"The {what} is a picture: its bytes are {found}.",
                todo="give it as an Image: Image.from_path(...)",
            )
        if is_text(found) and not readable(data):
            raise SetupError(
                f"The {what} is {found}, and no text in UTF-8.",
                expected="text in UTF-8, or its true media type",
                todo="convert it, or give its bytes as what they are: media_type=...",
            )
        return found

    @property
    def text(self) -> str | None:
        """What stands in it, where that is text; None for anything else."""
        if self.url or not is_text(self.media_type):
            return None
        return self.data.decode("utf-8-sig", "replace")


def in_base64(data: bytes) -> str:
    """Bytes as JSON and pages can carry them."""
    return base64.b64encode(data).decode("ascii")


def described(kind: type[Binary], form: dict[str, Any], data: bytes | None = None) -> Binary:
    """An image or file by the form that it is kept in, as a log or another process has it."""
    return kind.__new__(kind)._set(
        media_type=form.get("media_type", ""),
        name=form.get("name", ""),
        url=form.get("url", ""),
        digest=form.get("sha256", ""),
        size=form.get("size", 0),
        _source=data,
    )


def shown_name(name: str) -> str:
    """A name as one short line; what UTF-8 cannot hold in it is replaced."""
    return " ".join(str(mended(str(name))).split())[:NAME]


def wrong_media(what: str, said: str, found: str) -> SetupError:
    """The error for bytes that are something else than their media type says."""
    return SetupError(
        f"The {what} is said to be {said}, and its bytes are {found or 'not'}.",
        expected="the media type that the bytes have",
        todo="leave media_type away: it is told by the bytes",
    )


def data_url(url: str) -> tuple[str, bytes]:
    """Media type and bytes of a data: URL (RFC 2397).

    Raises:
        SetupError: it holds none.
    """
    found = DATA_URL.match(url)
    try:
        if found is None:
            raise ValueError("no media type and comma")
        rest = unquote_to_bytes(url[found.end() :])
        data = base64.b64decode(rest, validate=True) if found[3] else rest
    except (ValueError, binascii.Error) as error:
        raise SetupError(
            f"A data: URL cannot be read: {error_text(error)}.",
            expected="data:image/png;base64,...",
        ) from error
    return found[1], data


def drawn(figure: Any) -> bytes:
    """What draws itself as PNG or JPEG.

    Raises:
        SetupError: it draws nothing.
    """
    import io

    figure = figure.get_figure() if callable(getattr(figure, "get_figure", None)) else figure
    try:
        if callable(getattr(figure, "savefig", None)):
            held = io.BytesIO()
            figure.savefig(held, format="png", bbox_inches="tight")
            return held.getvalue()
        for name in ("_repr_png_", "_repr_jpeg_"):
            if callable(method := getattr(figure, name, None)):
                found = method()
                found = found[0] if isinstance(found, tuple) else found
                if isinstance(found, str):
                    found = base64.b64decode(found)
                if found:
                    return bytes(found)
    except Exception as error:
        raise SetupError(
            f"{type(figure).__name__} cannot be drawn: {error_text(error)}.",
            expected="a figure that can be saved as PNG",
        ) from error
    raise SetupError(
        f"{type(figure).__name__} draws nothing.",
        expected="a figure of matplotlib, or what shows itself as PNG or JPEG",
    )
