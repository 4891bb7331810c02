from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from packaging.markers import Marker

from agentkit.cli import main
from agentkit.endpoints.connect import connect
from agentkit.errors import SetupError, UnknownModel
from agentkit.local import starting
from agentkit.local.catalogue import catalogue, weights_of
from agentkit.local.files import place
from tests.conftest import ROOT


def test_every_entry_says_what_a_reader_needs() -> None:
    for one in catalogue().values():
        assert one.licence and one.size and one.memory_mb and one.context and one.good_for
        assert one.memory_mb > one.size / 2**20
        if one.source == "index":
            assert one.package and one.version and one.member and len(one.sha256) == 64
        else:
            assert one.repository.count("/") == 1 and one.file.endswith(".gguf")


def test_a_name_means_a_model_of_the_catalogue_a_hub_or_this_machine(tmp_path: Path) -> None:
    assert weights_of("smollm2-135m").source == "index"
    hub = weights_of("hf/owner/things/sub/model.gguf")
    assert (hub.repository, hub.file) == ("owner/things", "sub/model.gguf")
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    assert place(weights_of(str(own))) == own


@pytest.mark.parametrize("name", ["smolm2-135m", "hf/owner/model.gguf", "hf/a/b/c.bin"])
def test_other_names_are_refused_with_what_was_meant(name: str) -> None:
    with pytest.raises(UnknownModel, match="local:"):
        connect(f"local:{name}")


def test_a_path_that_leads_nowhere_is_refused_before_anything_is_started() -> None:
    with pytest.raises(SetupError, match="there is no file"):
        connect("local:./nothing.gguf")


def test_the_command_lists_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "list"]) == 0
    out = capsys.readouterr().out
    assert all(f"local:{name}" in out for name in catalogue())
    assert main(["local", "path", "qwen3-8b"]) == 1
    assert main(["local", "rm", "qwen3-8b"]) == 2
    assert main(["local", "pull", "nothing"]) == 2
    assert "agentkit local list" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "70000"])
def test_a_port_that_cannot_be_is_refused_before_anything_is_started(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["local", "serve", "smollm2-135m", "--port", port]) == 2
    assert f"There is no port {port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("system", "machine", "words"),
    [
        ("linux", "riscv64", "no ready-made llama.cpp server for linux on riscv64"),
        ("win32", "ARM64", "no ready-made llama.cpp server for win32 on ARM64"),
        ("linux", "x86_64", "pip install 'jupyter-agentkit[local]'"),
        ("darwin", "arm64", "pip install 'jupyter-agentkit[local]'"),
    ],
)
def test_without_the_servers_program_it_is_said_what_to_do_on_this_platform(
    system: str, machine: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> None:
        return None

    monkeypatch.setattr(starting, "find_spec", nothing)
    monkeypatch.setattr(starting.sys, "platform", system)
    monkeypatch.setattr(starting.platform, "machine", lambda: machine)
    with pytest.raises(SetupError, match=r"base_url=") as caught:
        starting.check_installed()
    assert words in str(caught.value)


def test_the_platforms_are_those_that_the_extra_names() -> None:
    extra = (ROOT / "pyproject.toml").read_text().partition("\nlocal = [")[2].partition("]")[0]
    for system, machine in itertools.product(
        ("linux", "darwin", "win32", "freebsd14"),
        ("x86_64", "aarch64", "arm64", "AMD64", "ARM64", "riscv64"),
    ):
        place = {"sys_platform": system, "platform_machine": machine}
        named = re.findall(r'"xllamacpp[^;"]*; ([^"]*)"', extra)
        brought = any(Marker(one.replace("\\", "")).evaluate(place) for one in named)
        assert brought == starting.ready_made(system, machine), place
