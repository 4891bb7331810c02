"""What a client writes that is no message ends nothing."""

from __future__ import annotations

import asyncio

import pytest

from agentkit.protocols.acp.lines import JsonLines


async def test_lines_that_are_no_messages_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    inner = asyncio.StreamReader(limit=300_000)
    lines = JsonLines(inner)
    deep = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    odd = (b"hello", b"[1,2]", b"null", b"5", b"{", b"\x00\xff\x1b[2J", b"", deep)
    for one in odd:
        inner.feed_data(one + b"\n" + b'{"n": 1}\n')
    for _ in odd:
        assert await lines.readuntil() == b'{"n": 1}\n'

    async def large() -> None:
        for _ in range(10):
            inner.feed_data(b"x" * 100_000)
            await asyncio.sleep(0)
        inner.feed_data(b'\n{"n": 2}\n')
        inner.feed_eof()

    feeding = asyncio.create_task(large())
    assert await lines.readuntil() == b'{"n": 2}\n'
    with pytest.raises(asyncio.IncompleteReadError):
        await lines.readuntil()
    await feeding
    said = capsys.readouterr().err
    assert "hello" in said and "too large" in said and "\x1b" not in said
