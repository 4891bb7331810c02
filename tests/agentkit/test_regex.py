"""Regular expressions that are compiled late are right all the same."""

from __future__ import annotations

import importlib
import re

import pytest

from agentkit.regex import Uncompiled, lazy_regex
from tests.conftest import ROOT

USERS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "agentkit").rglob("*.py")
    if "import regex" in path.read_text()
)


def test_it_does_what_the_pattern_does() -> None:
    late, now = lazy_regex(r"(\d+) t", re.IGNORECASE), re.compile(r"(\d+) t", re.IGNORECASE)
    for text in ["30 T of rice, 4 t", "none"]:
        assert late.findall(text) == now.findall(text)
        assert late.sub("x", text) == now.sub("x", text)
    assert late.pattern == now.pattern and late.flags == now.flags


@pytest.mark.parametrize("module", USERS)
def test_every_pattern_of_a_module_compiles(module: str) -> None:
    found = [v for v in vars(importlib.import_module(module)).values() if type(v) is Uncompiled]
    assert found
    for pattern in found:
        assert isinstance(getattr(pattern, "pattern"), str | bytes)  # noqa: B009
