"""The pages beside the code: what they say of it holds, and their links lead somewhere."""

from __future__ import annotations

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, get_args

import nbformat
import pytest

from agentkit.events import Event

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def script(name: str) -> Any:
    loader = SourceFileLoader(name, str(ROOT / "scripts" / name))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_page_of_events_is_what_the_code_says() -> None:
    events = script("events")
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert page == events.page(events.SOURCE.read_text(encoding="utf-8")), "python scripts/events"


def test_the_page_of_events_has_every_kind_and_every_field() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    for kind in get_args(get_args(Event)[0]):
        section = page.split(f"## {kind.model_fields['kind'].default}\n")[1].split("\n## ")[0]
        assert all(f"| `{name}` |" in section + page.split("\n## run.started")[0]
                   for name in kind.model_fields if name != "kind")  # fmt: skip


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_to_files_lead_to_files(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (path.parent / target).exists()]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_links_of_a_notebook_lead_to_files(path: Path) -> None:
    texts = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", "\n".join(texts))
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_primer_and_events_are_linked_where_one_begins() -> None:
    start = (ROOT / "notebooks" / "00-start-here.ipynb").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ("docs/primer.md", "docs/events.md"):
        assert page in readme and page in start


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("[01][1-9]-*.ipynb")), ids=lambda p: p.stem
)
def test_a_notebook_links_its_papers(path: Path) -> None:
    texts = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown"]
    papers = next(text for text in texts if text.startswith("## Papers"))
    assert len(re.findall(r"https://(?:arxiv\.org/abs|doi\.org)/\S+", papers)) >= 2
