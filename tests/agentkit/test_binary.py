"""Pictures and bytes in a task are refused before anything is paid."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from tests.fakes import EchoModel

DATA = "data:image/png;base64,iVBORw0KGgo" + "A" * 200


class Drawn:
    def _repr_png_(self) -> bytes:
        return b"x"


class Figure:
    def savefig(self, _where: str) -> None: ...


BINARY = [
    b"\x89PNG",
    bytearray(b"x"),
    memoryview(b"x"),
    io.BytesIO(b"x"),
    Drawn(),
    Figure(),
    DATA,
    ["What is on it?", Drawn()],
    {"text": "What is on it?", "picture": b"x"},
    [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": DATA}}],
    [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
    [{"type": "input_image", "image_url": DATA}],
    [{"type": "image", "source": {"type": "base64", "data": "iVBOR"}}],
    [{"type": "input_audio", "input_audio": {"data": "UklGR", "format": "wav"}}],
    {"deep": [{"er": (DATA,)}]},
]


@pytest.mark.parametrize("task", BINARY, ids=lambda task: str(task)[:20])
async def test_a_picture_is_refused_and_not_sent_as_text(task: Any) -> None:
    model = EchoModel()
    with pytest.raises(SetupError, match="cannot be asked this") as caught:
        await Agent("clerk", model=model)(task, log=MemoryLog())
    assert model.keys == [] and "describe" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "task",
    [
        "What does data:image/png;base64, mean?",
        {"type": "image", "name": "mole.png"},
        {"type": "file", "path": "a.txt"},
        [{"type": "text", "text": "hi"}],
        {"when": date(1969, 1, 1), "tonnes": 30.0, "ports": {"Amber"}},
        None,
        3,
    ],
)
async def test_whatever_is_text_or_json_is_still_asked(task: Any) -> None:
    answer = await Agent("clerk", model=EchoModel())(task, log=MemoryLog())
    assert answer.text.startswith("echo: ")
