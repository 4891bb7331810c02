"""The modules of nbext/static as a front end gets them: one text for each widget."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nbext.widgets import (
    BallotsWidget,
    BillWidget,
    GraphWidget,
    PlanWidget,
    SpeakersWidget,
    TimelineWidget,
)
from nbext.widgets.memory import LettersWidget, MapWidget, PagingWidget, ReplicasWidget
from nbext.widgets.modules import STATIC, imported, served, styles
from nbext.widgets.question import QuestionWidget

WIDGETS = {
    "ballots": BallotsWidget,
    "bill": BillWidget,
    "graph": GraphWidget,
    "letters": LettersWidget,
    "memorymap": MapWidget,
    "paging": PagingWidget,
    "planview": PlanWidget,
    "question": QuestionWidget,
    "replicas": ReplicasWidget,
    "speakers": SpeakersWidget,
    "timeline": TimelineWidget,
}
NODE = shutil.which("node")


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_what_is_imported_stands_before_whoever_imports_it_and_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        low="export const one = 1;\n",
        mid='import { one } from "./low.js";\nexport function two() { return one + one; }\n',
        top='import {\n  one,\n} from "./low.js";\nimport { two } from "./mid.js";\n\n'
        "export const three = one + two();\nexport default { render: () => three };\n",
    )
    (folder / "low.css").write_text(".low {}\n")
    (folder / "top.css").write_text(".top {}\n")
    assert imported("top", folder) == ["low", "mid", "top"]
    assert served("top", folder).split("\n") == [
        "const one = 1;",
        "",
        "function two() { return one + one; }",
        "",
        "",
        "const three = one + two();",
        "export default { render: () => three };",
        "",
    ]
    assert styles("top", folder) == ".low {}\n\n.top {}\n"


@pytest.mark.parametrize(
    "line",
    [
        'import low from "./low.js";',
        'import * as low from "./low.js";',
        'import { one } from "https://elsewhere.example/low.js";',
        'import "./low.js";',
        "export { one };",
        'export * from "./low.js";',
    ],
)
def test_what_cannot_be_served_is_refused(tmp_path: Path, line: str) -> None:
    folder = write(tmp_path, low="export const one = 1;\n", top=f"{line}\nexport default {{}};\n")
    with pytest.raises(ValueError, match=re.escape(line)):
        served("top", folder)


def test_modules_that_import_each_other_are_refused(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )
    with pytest.raises(ValueError, match="a → b → a"):
        served("a", folder)


def test_every_module_is_served_by_some_widget() -> None:
    used = {one for name in WIDGETS for one in imported(name)}
    assert used == {path.stem for path in STATIC.glob("*.js")}
    assert {path.stem for path in STATIC.glob("*.css")} <= used


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_gets_one_module_that_imports_nothing(name: str) -> None:
    text = str(WIDGETS[name]._esm)
    assert text == served(name) and str(WIDGETS[name]._css) == styles(name)
    assert re.findall(r"^export .*", text, re.MULTILINE) == re.findall(
        r"^export default .*", text, re.MULTILINE
    )
    assert text.count("\nexport default ") == 1 and not re.search(r"^import\b", text, re.MULTILINE)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", WIDGETS)
def test_what_is_served_parses_and_no_two_modules_declare_the_same_name(
    name: str, tmp_path: Path
) -> None:
    """As a module: there a name that is declared twice is an error."""
    file = tmp_path / f"{name}.mjs"
    file.write_text(served(name), encoding="utf-8")
    code = f"const made = (await import('file://{file}')).default;"
    code += "console.log(typeof (typeof made === 'function' ? made() : made).render)"
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", code],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "function\n", done.stderr


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_two_modules_that_declare_the_same_name_are_noticed(tmp_path: Path) -> None:
    write(
        tmp_path,
        low="const same = 1;\nexport const one = same;\n",
        top='import { one } from "./low.js";\nconst same = one;\nexport default { same };\n',
    )
    file = tmp_path / "served.mjs"
    file.write_text(served("top", tmp_path), encoding="utf-8")
    done = subprocess.run(
        [str(NODE), "--check", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode and "'same' has already been declared" in done.stderr
