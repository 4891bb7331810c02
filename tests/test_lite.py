"""What builds the lessons' site: badges, links, what is known of each lesson, wheels by digest.

The site itself is tried in Chromium: `make test-lite`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from lite import badges, links, pages
from tests.conftest import ROOT

SITE = "https://lessons.example.org/harbour"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for file in sorted((ROOT / "notebooks").glob("0[0-2]*.ipynb")):
        shutil.copy(file, tmp_path / "notebooks")
    return tmp_path


def words(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_badges_lead_to_the_site_once_and_go_without_a_trace(copy: Path) -> None:
    before = words(copy)
    assert len(badges.put(copy, SITE)) == len(before)
    badged = words(copy)
    first = json.loads(badged["00-start-here.ipynb"])["cells"][0]["source"]
    assert f"({SITE}/notebooks/index.html?path=00-start-here.ipynb)" in "".join(first)
    assert f"({SITE}/badge.svg)" in badged["README.md"]
    assert badges.put(copy, SITE + "/") == []
    badges.put(copy, "http://127.0.0.1:8000")
    assert SITE not in "".join(words(copy).values())
    badges.put(copy, "")
    assert words(copy) == before


@pytest.mark.parametrize(
    "wrong", ["lessons", "ftp://host/", "javascript:alert(1)", "https://a b/)"]
)
def test_what_is_no_address_is_refused_and_changes_nothing(copy: Path, wrong: str) -> None:
    before = words(copy)
    with pytest.raises(ValueError, match="is no address"):
        badges.put(copy, wrong)
    assert words(copy) == before


def test_links_lead_to_where_the_site_has_their_targets() -> None:
    text = "[a](../docs/primer.md#x) [b](01-agent-as-a-component.ipynb) [c](https://x.org) [d](#e)"
    led = "[a](docs/primer.md#x) [b](01-agent-as-a-component.ipynb) [c](https://x.org) [d](#e)"
    assert links.moved(text, "notebooks/00-start-here.ipynb", ROOT) == led
    page = "[up](../../notebooks/02-tools.ipynb) [code](../../agentkit/log.py) [side](mcp.md)"
    led = "[up](../../02-tools.ipynb) code [side](mcp.md)"
    assert links.moved(page, "docs/how-to/trust.md", ROOT) == led


def test_each_lesson_says_on_the_site_what_works_there(tmp_path: Path) -> None:
    names = {file.stem for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(pages.about()) == names
    pages.lessons(ROOT / "notebooks", tmp_path / "files")
    for name in names:
        cells = json.loads((tmp_path / "files" / f"{name}.ipynb").read_text())["cells"]
        known = pages.about()[name]
        assert known.get("lacks", "All of this lesson works here.") in cells[0]["source"]
        assert (known["works"] == "all") == ("lacks" not in known)


def program() -> Any:
    loader = SourceFileLoader("scripts_lite", str(ROOT / "scripts" / "lite"))
    spec = spec_from_loader("scripts_lite", loader)
    assert spec is not None
    made = module_from_spec(spec)
    loader.exec_module(made)
    return made


def test_packages_of_the_full_distribution_are_taken_by_their_digests(tmp_path: Path) -> None:
    listed = {}
    for name, depends in (("numpy", ["blas"]), ("blas", []), ("scipy", ["numpy"])):
        (tmp_path / f"{name}.whl").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        listed[name] = {"file_name": f"{name}.whl", "sha256": digest, "depends": depends}
    taken = program().from_distribution(tmp_path, listed, ["numpy", "absent"])
    assert set(taken) == {"numpy", "blas"}
    (tmp_path / "blas.whl").write_bytes(b"another")
    with pytest.raises(SystemExit, match=r"no blas\.whl with the digest"):
        program().from_distribution(tmp_path, listed, ["numpy"])
