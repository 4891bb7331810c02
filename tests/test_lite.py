"""What builds the lessons' site: badges, links, what is known of each lesson, wheels by digest.

The site itself is tried in Chromium: `make test-lite`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lite import badges, distribution, links, packing, pages, standing
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


def test_links_to_binder_and_colab_come_and_go_without_a_trace(copy: Path) -> None:
    before = words(copy)
    badges.put(copy, SITE)
    beside = words(copy)
    assert len(badges.put_elsewhere(copy, "ana/port@term-1")) == len(before)
    assert badges.put_elsewhere(copy, "ana/port@term-1") == []
    first = "".join(json.loads(words(copy)["00-start-here.ipynb"])["cells"][0]["source"])
    assert "mybinder.org/v2/gh/ana/port/term-1?labpath=notebooks%2F00-start-here.ipynb)" in first
    assert "google.com/github/ana/port/blob/term-1/notebooks/00-start-here.ipynb)" in first
    assert "git clone -q --depth 1 -b term-1 https://github.com/ana/port kit" in first
    assert f"({SITE}/" in first
    badges.put_elsewhere(copy, "")
    assert words(copy) == beside
    badges.put(copy, "")
    assert words(copy) == before


@pytest.mark.parametrize("wrong", ["ana", "ana/port kit", "ana/port@x; rm", "https://x.org/a/b"])
def test_what_is_no_repository_is_refused_and_changes_nothing(copy: Path, wrong: str) -> None:
    before = words(copy)
    with pytest.raises(ValueError, match="is no repository"):
        badges.put_elsewhere(copy, wrong)
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


@pytest.fixture
def full(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A distribution, and what its lock says of it."""
    listed = {}
    for name, depends in (("numpy", ["blas"]), ("blas", []), ("scipy", ["numpy"])):
        (tmp_path / f"{name}.whl").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        listed[name] = {"file_name": f"{name}.whl", "sha256": digest, "depends": depends}
    return tmp_path, listed


def test_packages_of_the_full_distribution_are_taken_by_their_digests(
    full: tuple[Path, dict[str, Any]],
) -> None:
    folder, listed = full
    target = folder / "site"
    target.mkdir()
    found = distribution.taken(str(folder), listed, ["numpy", "absent"], target)
    assert set(found) == {"numpy", "blas"}
    assert {file.name for file in target.iterdir()} == {"numpy.whl", "blas.whl"}
    (folder / "blas.whl").write_bytes(b"another")
    with pytest.raises(SystemExit, match=r"no blas\.whl with the digest"):
        distribution.taken(str(folder), listed, ["numpy"], target)


def test_packages_at_an_address_are_loaded_from_there_and_the_page_says_so(
    full: tuple[Path, dict[str, Any]],
) -> None:
    folder, listed = full
    place = "https://packages.example.org/full/"
    found = distribution.taken(place, listed, ["numpy"], folder / "site")
    assert found["blas"]["file_name"] == "https://packages.example.org/full/blas.whl"
    assert found["numpy"]["sha256"] == listed["numpy"]["sha256"]
    assert listed["blas"]["file_name"] == "blas.whl"
    page = folder / "index.html"
    page.write_text("")
    pages.start(page, pages.Build(full=True, host=distribution.host(place)))
    assert "loaded from packages.example.org" in page.read_text()
    with pytest.raises(SystemExit, match="without encryption"):
        distribution.host("http://packages.example.org/full/")


def test_a_site_for_an_address_has_a_link_back_in_each_lesson_and_asks_it_for_nothing(
    tmp_path: Path,
) -> None:
    pages.lessons(ROOT / "notebooks", tmp_path / "files", pages.Build(base=SITE + "/"))
    for file in (tmp_path / "files").glob("*.ipynb"):
        cells = json.loads(file.read_text())["cells"]
        assert f"({SITE}/notebooks/index.html?path={file.name})" in cells[1]["source"]
        assert f"({SITE}/badge.svg)" not in cells[1]["source"]
        assert SITE not in badges.badged(cells[1]["source"], "", "")


def test_a_lesson_loads_packages_where_the_site_has_them() -> None:
    known = {
        "works": "little",
        "lacks": "numpy is missing.",
        "lacks_full": "",
        "packages": ["numpy"],
    }
    for build, lacks, loads in (
        (pages.Build(), "numpy is missing.", False),
        (pages.Build(full=True), "", True),
    ):
        cells = pages.opening(known, build)
        assert pages.lacks(known, build) == lacks
        assert any(cell["source"].startswith("import numpy") for cell in cells) == loads


def test_what_stands_in_for_a_compiled_package_does_as_it_does(tmp_path: Path) -> None:
    import rpds as real

    from lite import rpds as ours

    dice = random.Random(4)
    pairs = [(dice.randrange(9), dice.randrange(99)) for _ in range(20)]
    for kind in (ours, real):
        assert dict(kind.HashTrieMap(pairs).insert("x", 1).discard(3).discard("no")) == {
            **{key: one for key, one in pairs if key != 3}, "x": 1
        }  # fmt: skip
        assert dict(kind.HashTrieMap.convert({1: 2}).update({3: 4}, [(5, 6)])) == {1: 2, 3: 4, 5: 6}
        assert hash(kind.HashTrieMap({1: 2})) == hash(kind.HashTrieMap({1: 2}))
        assert set(kind.HashTrieSet([1, 2]).update([3], [4]).insert(5).discard(1)) == {2, 3, 4, 5}
        assert list(kind.List([1, 2]).push_front(0)) == [0, 1, 2]
        assert (kind.List([1, 2]).first, list(kind.List([1, 2]).rest)) == (1, [2])
        for missing in (kind.HashTrieMap({1: 2}), kind.HashTrieSet([1])):
            with pytest.raises(KeyError):
                missing.remove(9)
    made = standing.pack("rpds-py", tmp_path)
    before = made.read_bytes()
    assert standing.pack("rpds-py", tmp_path).read_bytes() == before
    code = f"import sys; sys.path.insert(0, {str(made)!r}); " + CHECKS
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [
        "True",
        "tonnes:",
        "-1",
        "is",
        "less",
        "than",
        "the",
        "minimum",
        "of",
        "0",
    ]


CHECKS = """
import rpds
print(rpds.__file__.endswith("rpds_py-0-py3-none-any.whl/rpds.py"))
from agentkit.schemas import Schema
ship = {"$ref": "#/$defs/ship"}
defs = {"ship": {"type": "object", "properties": {"tonnes": {"minimum": 0}, "tows": ship}}}
known = Schema("weigh", {"type": "object", "allOf": [ship], "$defs": defs})
assert known.wrong({"tonnes": 3, "tows": {"tows": {"tonnes": 1}}}) == ""
print(known.wrong({"tonnes": -1}))
"""


def test_packages_of_the_site_are_one_archive_the_same_each_time(tmp_path: Path) -> None:
    wheel = tmp_path / "ships-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in (
            "ships/__init__.py", "jedi/third_party/django-stubs/x.pyi",
            "ships-1.dist-info/METADATA", "ships-1.dist-info/RECORD",
            "ships-1.data/purelib/more.py", "ships-1.data/data/share/x",
        ):  # fmt: skip
            packed.writestr(name, name)
    folder = tmp_path / "packages"
    (folder / "old").mkdir(parents=True)
    packing.unpacked([wheel], folder)
    found = dict(packing.files(folder))
    assert list(found) == ["more.py", "ships/__init__.py", "ships-1.dist-info/METADATA"]
    packing.archive(folder, tmp_path / "one")
    packing.archive(folder, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    whole = gzip.decompress((tmp_path / "one").read_bytes())
    size = int.from_bytes(whole[:4], "little")
    assert json.loads(whole[4 : 4 + size]) == [[path, len(found[path])] for path in found]
    assert whole[4 + size :] == b"".join(found.values())
    packing.zipped(folder, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.namelist() == list(found)
        assert packed.read("more.py") == found["more.py"]


def test_a_page_with_a_lesson_begins_its_kernel_while_it_loads(tmp_path: Path) -> None:
    worker = tmp_path / pages.WORKER.replace("*", "0a1b")
    page = tmp_path / "notebooks" / "index.html"
    for file, text in ((worker, "work()"), (page, "<html><head></head></html>")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    pages.early(tmp_path)
    led = worker.read_text().split('"')[1]
    assert (worker.parent / led).resolve() == (tmp_path / "static/pyodide/boot.mjs").resolve()
    assert worker.read_text().endswith("\nwork()")
    told = page.read_text().split('new URL("')[1].split('"')[0]
    assert (page.parent / told).resolve() == worker.resolve()
    (worker.parent / "comlink.worker.ff.js").write_text("")
    with pytest.raises(SystemExit, match="of another JupyterLite"):
        pages.early(tmp_path)
