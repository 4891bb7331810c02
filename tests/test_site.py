"""The documentation as a site: every page is in it, links lead somewhere, no network is needed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from inspect import isroutine
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_docs import script

docs = script("docs")


def page(folder: Path, name: str, body: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"<html><body>{body}</body></html>")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ('<a href="other.html">x</a> <a href="#here">x</a> <p id="here">', None),
        ('<a href="sub/b.html#there">x</a> <a href="https://arxiv.org/abs/1">x</a>', None),
        ('<img src="data:image/png;base64,AA"> <a href="mailto:a@b.c">x</a>', None),
        ('<a href="gone.html">x</a>', "links to gone.html, which is not there"),
        ('<a href="sub/b.html#gone">x</a>', "and the page has no such place"),
        ('<a href="#gone">x</a>', "links to #gone, and the page has no such place"),
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<script src="//cdn.example/x.js"></script>', "loads //cdn.example/x.js"),
        ('<link rel="stylesheet" href="gone.css">', "loads gone.css, which is not there"),
        ('<img src="gone.png">', "loads gone.png, which is not there"),
    ],
)
def test_a_link_that_leads_nowhere_and_a_load_from_elsewhere_are_told(
    body: str, wrong: str | None, tmp_path: Path
) -> None:
    page(tmp_path, "a.html", body)
    page(tmp_path, "other.html", "")
    page(tmp_path, "sub/b.html", '<p id="there">')
    found = docs.wrong_links(tmp_path)
    assert len(found) == (wrong is not None) and (wrong or "") in "".join(found)


def test_every_page_stands_in_the_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(docs/[\w/.-]+|[A-Z]+|benchmarks/README)$", index, re.M)
    pages = [path for path in (ROOT / "docs").glob("*.md") if path.name != "index.md"]
    pages += [ROOT / name for name in docs.COPIED if name.endswith(".md")]
    names = {str(path.relative_to(ROOT).with_suffix("")) for path in pages}
    assert names | {"docs/reference/index"} == set(listed)
    assert "\nnotebooks/*\n" in index and "\ndocs/how-to/*\n" in index


@pytest.mark.parametrize("module", docs.REFERENCE)
def test_what_the_reference_lists_says_what_it_is(module: str) -> None:
    names = docs.public_names(module)
    assert names and (import_module(module).__doc__ or "").strip()
    for name in names:
        thing = getattr(import_module(module), name)
        assert thing.__doc__ or not (isinstance(thing, type) or isroutine(thing)), name


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    find_spec("myst_nb") is None or find_spec("sphinx_book_theme") is None,
    reason="the extra docs is not installed: `make docs` installs it and makes the site",
)
def test_the_site_is_made_without_a_warning(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs"), "--out", str(tmp_path / "site")],
        capture_output=True, text=True, timeout=880, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    lesson = (tmp_path / "site" / "notebooks" / "00-start-here.html").read_text(encoding="utf-8")
    assert "data:image/svg" in lesson, "the picture of a widget"
    assert not re.search(
        r'output text_plain[^>]*><div class="highlight"><pre><span></span>\s*</pre>', lesson
    )
    assert "require.min.js" not in lesson
    bill = [text for text in re.findall(r"\$0\.\d+", lesson)]
    assert bill and "math notranslate" not in lesson, "a price is no formula"
    reference = (tmp_path / "site" / "docs" / "reference" / "agentkit.html").read_text("utf-8")
    assert 'id="agentkit.Agent.with_"' in reference
    assert (tmp_path / "site" / "searchindex.js").stat().st_size > 10_000
