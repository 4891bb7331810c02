"""Words as the installed JupyterLab shows them, by its own parser and its own rule for dollars."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkit.words import for_line, for_markdown
from tests.agentkit.words.snippets import PLAIN, SNIPPETS
from tests.pages import Page

SCRIPT = Path(__file__).with_name("lab_markdown.mjs")
BUNDLE = Path(sys.prefix) / "share" / "jupyter" / "lab" / "static"


def shown(markdown: list[str]) -> list[dict[str, Any]]:
    """Each text as HTML by each of JupyterLab's parsers, and what it took for mathematics."""
    node = shutil.which("node")
    if node is None or not BUNDLE.is_dir():
        pytest.skip("no node, or no JupyterLab in this environment")
    command = [node, str(SCRIPT), str(BUNDLE)]
    done = subprocess.run(
        command, input=json.dumps(markdown), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read(page: str) -> Page:
    return Page(re.sub(r"(<h\d) id=\"[^\"]*\"", r"\1", page))


def test_plain_words_are_shown_as_they_were_said() -> None:
    for said, found in zip(PLAIN, shown([for_markdown(one) for one in PLAIN]), strict=True):
        for page in found["pages"]:
            assert read(page).text == " ".join(said.split())
        assert [one for one in found["maths"] if not one.startswith("@@")] == []


def test_nothing_of_any_words_acts() -> None:
    rng = random.Random(7)
    texts = ["".join(rng.choices(SNIPPETS, k=rng.randint(1, 25))) for _ in range(1500)]
    outputs = [for_markdown(text) for text in texts]
    lines = [f"| a |\n|---|\n| {for_line(text)} |" for text in texts]
    for text, found in zip(texts * 2, shown(outputs + lines), strict=True):
        for page in found["pages"]:
            seen = read(page)
            assert not seen.wrong, text
            for word in re.findall(r"[a-zA-Z]{4,}", re.sub(r"(?m)^.*(```|~~~)\S*$", "", text)):
                assert word in seen.text, text
