import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT

BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = ["binder/postBuild", "binder/start", "scripts/install", "scripts/lab", "scripts/check"]


def lines(name: str) -> list[str]:
    return (BINDER / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", [*SCRIPTS, ".ci/run"])
def test_a_script_parses_and_may_be_run(name: str) -> None:
    path = ROOT / name
    shell = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("#!")
    assert os.access(path, os.X_OK), f"chmod +x {name}"
    assert subprocess.run([shell, "-n", path], check=False).returncode == 0


def test_the_image_installs_this_repository_with_its_pins() -> None:
    options = [line.split() for line in lines("requirements.txt") if line.startswith("-")]
    assert [flag for flag, _ in options] == ["-c"]
    assert (BINDER / options[0][1]).samefile(ROOT / "constraints.txt")
    (own,) = (line for line in lines("requirements.txt") if not line.startswith("-"))
    extras = re.fullmatch(r"\.\[([\w,]+)\]", own)
    assert extras is not None
    assert set(extras[1].split(",")) <= PROJECT["optional-dependencies"].keys()


def test_the_image_has_a_python_that_the_package_accepts() -> None:
    (runtime,) = lines("runtime.txt")
    version = runtime.removeprefix("python-")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


def test_a_development_container_installs_what_make_lab_does() -> None:
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(\d\.\d+)-\w+", made["image"])
    assert version and SpecifierSet(PROJECT["requires-python"]).contains(version[1])
    command = re.fullmatch(
        r"scripts/install (\w+) && touch \.venv/\.(\w+)", made["updateContentCommand"]
    )
    assert command and command[1] == command[2] and command[1] in PROJECT["optional-dependencies"]
    assert made["containerEnv"]["AGENTKIT_MODEL"].startswith("sim:")  # no key is asked for


def test_every_dependency_has_one_exact_pin() -> None:
    pins = [
        Requirement(line)
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [str(pin) for pin in pins if not re.fullmatch(r"==[^*]+", str(pin.specifier))] == []
    names = {pin.name: pin for pin in pins if pin.marker is None or pin.marker.evaluate()}
    extras = sum(PROJECT["optional-dependencies"].values(), [])
    for text in PROJECT["dependencies"] + extras:
        need = Requirement(text)
        if need.name != PROJECT["name"]:
            version = str(names[need.name].specifier).removeprefix("==")
            assert need.specifier.contains(version), f"{need} is pinned to {version}"


def test_post_build_gives_jupyterlab_our_settings(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    path = f"{tmp_path / 'env' / 'bin'}:{os.environ['PATH']}"
    subprocess.run([BINDER / "postBuild"], cwd=ROOT, env={"PATH": path}, check=True, timeout=30)
    (settings,) = (tmp_path / "env" / "etc" / "jupyter" / "labconfig").iterdir()
    assert '"fetchNews": "false"' in settings.read_text(encoding="utf-8")


def test_start_hands_over_to_the_command_with_the_simulated_model() -> None:
    done = subprocess.run(
        [BINDER / "start", "printenv", "AGENTKIT_MODEL"],
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == b"sim:careful\n"
