"""JupyterLab finds the extension, as it is installed from a wheel and from a checkout."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import agentkit
from nbext.magics import MAGICS
from tests.conftest import ROOT

STATIC = ROOT / "nbext" / "static"
NAME = "jupyter-agentkit"
BUILD = """
import sys
from hatchling.build import build_editable, build_wheel
from pathlib import Path
for build in (build_wheel, build_editable):
    folder = Path(sys.argv[1], build.__name__)
    folder.mkdir()
    print(f"{build.__name__}/{build(str(folder))}")
"""


LIST = """
from agentkit.validator import loaded
loaded()  # before JupyterLab, which would have a grammar compiled, as in tests/conftest.py
from jupyterlab.labextensions import main
main()
"""


def listed(jupyter_path: Path, tmp_path: Path) -> str:
    """What `jupyter labextension list` says where that is the only folder with extensions."""
    env = os.environ | {
        "JUPYTER_PATH": str(jupyter_path),
        "JUPYTER_PREFER_ENV_PATH": "0",
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", LIST, "list"],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    folder = said.partition(f"{jupyter_path / 'labextensions'}\n")[2]
    return re.sub(r"\x1b\[\d*m", "", next(iter(re.findall(r".*jupyter-agentkit.*", folder)), said))


def built(folder: Path) -> list[Path]:
    """The extension as a wheel and an editable install bring it: share/jupyter of each."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    shares = []
    for name in done.stdout.split()[-2:]:
        where = folder / f"{len(shares)}"
        with zipfile.ZipFile(folder / name) as wheel:
            wheel.extractall(where)
        shares.append(next(where.glob("*.data")) / "data" / "share" / "jupyter")
    return shares


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_jupyter_lists_the_extension_as_enabled_and_ok(tmp_path: Path) -> None:
    wheel, editable = built(tmp_path)
    brought = contents(wheel / "labextensions" / NAME)
    assert brought == contents(editable / "labextensions" / NAME) == contents(STATIC)
    for share in (wheel, editable):
        config = share.parent.parent / "etc/jupyter/jupyter_server_config.d/agentkit.json"
        assert config.read_bytes() == (ROOT / "nbext" / "server.json").read_bytes()
    line = listed(wheel, tmp_path).split()
    assert line[:4] == [NAME, f"v{agentkit.__version__}", "enabled", "OK"]


def test_a_checkout_has_the_extension_without_an_install() -> None:
    assert (ROOT / "lab" / "labextensions" / NAME).resolve() == STATIC
    package = json.loads((STATIC / "package.json").read_text(encoding="utf-8"))
    assert package["version"] == agentkit.__version__
    assert (STATIC / package["jupyterlab"]["_build"]["load"]).is_file()


def imported(module: str) -> set[str]:
    """The modules that one of the extension needs before it runs, itself included."""
    found, left = set[str](), {module}
    while left:
        name = left.pop()
        found.add(name)
        text = (STATIC / "lab" / name).read_text(encoding="utf-8")
        left |= set(re.findall(r'^import .* from "\./([\w.]+)";$', text, re.MULTILINE)) - found
    return found


def test_what_holds_up_the_start_of_jupyterlab_is_little_and_asked_for_at_once() -> None:
    # JupyterLab waits for the modules of its extensions, each of which waits for what it imports.
    at_start = imported("index.js")
    entry = (STATIC / "lab" / "entry.js").read_text(encoding="utf-8")
    [preloaded] = re.findall(r"of \[(.*?)\]", entry)
    assert {f"{name}.js" for name in re.findall(r'"(\w+)"', preloaded)} == at_start
    size = sum((STATIC / "lab" / name).stat().st_size for name in at_start)
    everything = sum(path.stat().st_size for path in STATIC.rglob("*.js"))
    assert len(at_start) <= 8 and size < everything / 4


def test_a_checkout_says_nothing_of_the_kind_of_scripts_in_its_environment() -> None:
    # node asks the nearest package.json above a script, which for those of JupyterLab in .venv is
    # ours: as modules they fail, and JupyterLab says "Fail to get yarn configuration".
    assert "type" not in json.loads((ROOT / "package.json").read_text(encoding="utf-8"))


def test_a_checkout_has_the_servers_extension_too() -> None:
    config = ROOT / "lab" / "jupyter_server_config.d" / "agentkit.json"
    assert config.resolve() == ROOT / "nbext" / "server.json"
    [name] = json.loads(config.read_text())["ServerApp"]["jpserver_extensions"]
    points = importlib.import_module(name)._jupyter_server_extension_points()
    assert points == [{"module": name}]


def test_the_extension_knows_the_magics_with_a_body_and_their_switches() -> None:
    prose = (STATIC / "lab" / "prose.js").read_text(encoding="utf-8")

    def known(name: str) -> set[str]:
        found = re.search(rf"{name} = (?:new Set\()?\[([^\]]*)\]", prose)
        assert found
        return set(re.findall(r'"([^"]+)"', found[1]))

    cells = [magic for magic in MAGICS if "cell" in magic.kind]
    assert known("MAGICS") == {magic.name for magic in cells}
    switches = {o.name for magic in cells for o in magic.grammar.options if not o.value}
    assert known("SWITCHES") == switches
