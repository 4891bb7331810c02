"""Images that a page shows: only rasters that are what they say, bounded, and nothing remote."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, Answer, Image, tool
from agentkit.inline import LARGEST, MOST, data_uri, data_uris
from agentkit.logs.memory import MemoryLog
from agentkit.media import pixels
from agentkit.messages import Content
from agentkit.parts import Reasoning, read
from agentkit.pictures import TranscriptPicture
from agentkit.views.transcript import Transcript
from tests.fakes import ScriptedModel, call
from tests.media import chunk, png

CHART = png(5, 4)
EVIL = 'x" onerror="alert(1)'
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080004000501011100ffd9")
GIF = b"GIF89a" + struct.pack("<HH", 5, 4) + bytes(20)


def webp(kind: bytes, body: bytes) -> bytes:
    inner = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


EXTENDED = webp(b"VP8X", bytes(4) + (4).to_bytes(3, "little") + (3).to_bytes(3, "little"))
LOSSLESS = webp(b"VP8L", b"\x2f" + (4 | 3 << 14).to_bytes(4, "little") + bytes(9))
LOSSY = webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 5, 4) + bytes(9))


@pytest.mark.parametrize("data", [CHART, JPEG, GIF, EXTENDED, LOSSLESS, LOSSY])
def test_the_head_of_a_picture_tells_its_size(data: bytes) -> None:
    assert pixels(data) == (5, 4)
    assert data_uri(Image.from_bytes(data)).startswith("data:image/")


@given(st.sampled_from([CHART, JPEG, GIF, EXTENDED, LOSSLESS, LOSSY]), st.data())
def test_no_bytes_break_the_reading_of_a_head(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    more = draw.draw(st.binary(max_size=20))
    found = pixels(data[:at] + more + data[at + len(more) :])
    assert found is None or min(found) > 0
    pixels(data[:at])


def altered(part: Image, data: bytes) -> Image:
    """The part, whose bytes are others than it says, as a log could be made to hold."""
    again = read({**part.form(), "size": len(data)})
    assert isinstance(again, Image)
    again.kept_in(data)
    return again


def bomb() -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


HIDDEN = {
    "remote": Image.from_url("https://example.com/spy.png"),
    "gone": read(Image.from_bytes(CHART).form()),
    "large": Image.from_bytes(CHART + bytes(LARGEST)),
    "many pixels": Image.from_bytes(bomb()),
    "svg": altered(Image.from_bytes(CHART), b"<svg onload='alert(1)'/>"),
    "html": altered(Image.from_bytes(CHART), b"<script>alert(1)</script>"),
    "another kind": altered(Image.from_bytes(CHART), JPEG),
}


@pytest.mark.parametrize("why", HIDDEN)
def test_what_may_not_be_shown_is_shown_in_words(why: str) -> None:
    part = HIDDEN[why]
    assert isinstance(part, Image)
    assert data_uri(part) == ""
    assert "<img" not in Answer(text=str(part), content=Content((part,)))._repr_markdown_()


def test_images_take_no_more_room_than_there_is() -> None:
    many = [Image.from_bytes(CHART + bytes(LARGEST - 1000) + bytes([n])) for n in range(12)]
    found = data_uris(Content(many))
    assert 1 < len(found) < 12 and sum(len(uri) for _, uri in found) <= MOST * 4 / 3
    assert data_uris(None) == [] and data_uris(Content((many[0],)), 10) == []


@tool(effect="pure")
def draw() -> Image:
    """Draw a chart."""
    return Image.from_bytes(CHART, name=EVIL)


async def transcript(*task: object) -> TranscriptPicture:
    log = MemoryLog()
    model = ScriptedModel([call("draw")], "A mole.")
    answer = await Agent("clerk", model=model, tools=[draw])([*task], log=log)
    view = Transcript()
    for event in log.read(answer.run_id):
        view.add(event)
    return TranscriptPicture(view)


async def test_a_transcript_shows_images_and_says_what_they_are() -> None:
    shown = await transcript("What?", Image.from_bytes(png(7, 7), name="chart.png"), Reasoning("h"))
    html = shown.to_html()
    assert len(re.findall(r'<img alt="[^"]*" src="data:image/png;base64,', html)) == 2
    assert "[image chart.png, image/png" in str(shown)
    assert "[image chart.png, image/png" in shown.to_markdown() and "data:" not in str(shown)
    # A name is data: no tag and no attribute comes of it.
    assert set(re.findall(r"<(\w+)", html)) <= {"div", "img", "details", "summary", "i", "code"}
    assert not re.search(r"<[^>]*\sonerror=\"", html)
    assert "chart.png" in shown.to_svg()


async def test_the_data_of_a_transcript_hold_no_bytes() -> None:
    shown = await transcript("What?", Image.from_bytes(CHART))
    assert "base64" not in str(shown.data()) and "[image, image/png" in str(shown.data())


async def test_a_transcript_of_many_images_is_bounded() -> None:
    size = LARGEST - 1000
    many = [Image.from_bytes(CHART + bytes(size) + bytes([n])) for n in range(20)]
    shown = await transcript("What?", *many)
    assert len(shown.to_html()) < MOST * 4 / 3 + 100_000
    assert str(shown).count("[image,") == 20


@pytest.mark.parametrize("said", ["text/html", "image/svg+xml", "application/javascript"])
def test_an_image_of_another_type_than_it_has_is_shown_in_words(said: str) -> None:
    part = read({**Image.from_bytes(CHART).form(), "media_type": said})
    assert isinstance(part, Image)
    part.kept_in(CHART)
    assert set(part._repr_mimebundle_()) == {"text/plain"} and data_uri(part) == ""


def test_an_answer_shows_its_image() -> None:
    part = Image.from_bytes(CHART, name=EVIL)
    answer = Answer(text=str(part), content=Content((part,)), actor="artist")
    assert "![an image](data:image/png;base64," in answer._repr_markdown_()
    assert "data:" not in repr(answer)
    bundle = part._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    assert set(Image.from_url("https://example.com/a.png")._repr_mimebundle_()) == {"text/plain"}
