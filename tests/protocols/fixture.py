"""What the conformance suite calls, served through agentkit's own server."""

from __future__ import annotations

import asyncio
import io
import struct
import wave
import zlib
from typing import Any

from agentkit import Context, File, Image, tool
from agentkit.tools import RemoteTool


def png() -> bytes:
    """A red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wav() -> bytes:
    """A moment of silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 80)
    return held.getvalue()


IMAGE = Image.from_bytes(png())
SOUND = File.from_bytes(wav(), media_type="audio/wav", name="silence.wav")
NOTE = File.from_bytes(b"This is an embedded resource content.", name="note.txt")


@tool(effect="pure")
def test_simple_text() -> str:
    """Return a text."""
    return "This is a simple text response for testing."


@tool(effect="pure")
def test_image_content() -> Any:
    """Return an image."""
    return IMAGE


@tool(effect="pure")
def test_audio_content() -> Any:
    """Return a sound."""
    return SOUND


@tool(effect="pure")
def test_embedded_resource() -> Any:
    """Return a file."""
    return NOTE


@tool(effect="pure")
def test_multiple_content_types() -> Any:
    """Return a text, an image and a file."""
    return ["Multiple content types test:", IMAGE, NOTE]


@tool(effect="pure")
def test_error_handling() -> str:
    """Fail."""
    raise ValueError("This tool intentionally returns an error for testing")


@tool(effect="pure")
async def test_tool_with_progress(context: Context[None]) -> str:
    """Tell how far it is."""
    for share, text in ((0.0, "begun"), (0.5, "half"), (1.0, "done")):
        await asyncio.sleep(0.3)
        await context.progress(share, text)
    return "done"


@tool
async def test_input_required_result_elicitation(context: Context[None]) -> str:
    """Ask for a name."""
    return f"Hello, {await context.ask('What is your name?')}!"


@tool
async def test_input_required_result_request_state(context: Context[None]) -> str:
    """Ask for a word."""
    return f"state-ok: {await context.ask('Please confirm', options=('yes', 'no'), default='no')}"


@tool
async def test_input_required_result_multi_round(context: Context[None]) -> str:
    """Ask twice."""
    name = await context.ask("What is your name?")
    colour = await context.ask("What is your favourite colour?")
    return f"{name} likes {colour}"


@tool
async def test_input_required_result_tampered_state(context: Context[None]) -> str:
    """Ask for a word."""
    return await context.ask("Please confirm", options=("yes", "no"), default="no")


@tool
async def test_elicitation(context: Context[None], message: str) -> str:
    """Ask what it is told to."""
    return f"User response: {await context.ask(message)}"


async def as_given(arguments: dict[str, Any]) -> Any:
    return arguments


json_schema_2020_12_tool = RemoteTool(
    "json_schema_2020_12_tool",
    "Take what JSON Schema of 2020-12 describes.",
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
    as_given,
    effect="pure",
)


@tool
async def test_input_required_result_capabilities(context: Context[None]) -> str:
    """Ask only who can be asked."""
    return await context.ask("Shall it be?", options=("yes", "no"), default="no")


test_x_mcp_header = RemoteTool(
    "test_x_mcp_header",
    "Take an argument that a header repeats.",
    {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
        "required": ["region"],
    },
    as_given,
    effect="pure",
)

EVERYTHING = [one for name, one in list(globals().items()) if name.startswith(("test_", "json_"))]
