from __future__ import annotations

from pathlib import Path

import pytest

from agentkit.errors import SetupError
from agentkit.local.gguf import read_head
from agentkit.local.machine import FEWEST_TOKENS, fit
from agentkit.local.starting import NoTemplate, checked
from tests.gguf_files import write_head


def test_a_head_tells_what_a_model_is(tmp_path: Path) -> None:
    head = read_head(write_head(tmp_path / "a.gguf"))
    assert head[:4] == ("llama", "Tiny", "mit", 2048)
    assert head.template == "{{ messages }}" and not head.embeds
    # Keys and values of two layers, two heads of 16 numbers each, in two bytes.
    assert head.kv_bytes == 2 * 2 * 2 * (16 + 16)


def test_a_model_of_vectors_is_known_by_its_pooling(tmp_path: Path) -> None:
    changes = {"general__architecture": "bert", "bert__pooling_type": 1}
    path = write_head(tmp_path / "a.gguf", **changes, tokenizer__chat_template=None)
    assert checked("it", path).embeds


def test_a_base_model_is_refused_with_what_to_take_instead(tmp_path: Path) -> None:
    path = write_head(tmp_path / "a.gguf", tokenizer__chat_template=None)
    with pytest.raises(NoTemplate, match=r"base model.*\n.*\n.*Instruct"):
        checked("it", path)
    assert checked("it", path, "chatml.jinja").context == 2048


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "a.gguf"
    page.write_bytes(b"<!doctype html><title>Sign in</title>")
    with pytest.raises(SetupError, match="no GGUF file"):
        read_head(page)
    whole = write_head(page).read_bytes()
    for end in range(4, len(whole), 7):
        page.write_bytes(whole[:end])
        with pytest.raises(SetupError, match="broken or cut"):
            read_head(page)
    with pytest.raises(SetupError, match="version is 1"):
        read_head(write_head(page, version=1))
    page.write_bytes(whole[:4] + whole[4:8][::-1] + whole[8:])
    with pytest.raises(SetupError, match="big-endian"):
        read_head(page)
    with pytest.raises(SetupError, match="cannot be read"):
        read_head(tmp_path)


def test_a_head_that_announces_too_much_is_not_read_on(tmp_path: Path) -> None:
    path = write_head(tmp_path / "a.gguf")
    data = bytearray(path.read_bytes())
    data[16:24] = (1 << 60).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(SetupError, match="announces"):
        read_head(path)
    data[16:24] = (1).to_bytes(8, "little")
    data[24:32] = (1 << 60).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(SetupError, match="a value of"):
        read_head(path)


def test_slots_and_context_shrink_until_they_fit(tmp_path: Path) -> None:
    head = read_head(write_head(tmp_path / "a.gguf", llama__block_count=1000))
    size = 10 << 20
    shapes = [fit("it", head, size, free << 20)[1:] for free in (9000, 1600, 800, 460)]
    assert shapes == [(4, 2048), (4, 2048), (1, 2048), (1, 1024)]
    assert fit("it", head, size, None)[1:] == (4, 2048)
    with pytest.raises(SetupError, match=r"needs about \d+ MB of memory, and 200 MB are free"):
        fit("it", head, size, 200 << 20)
    assert FEWEST_TOKENS < 2048
