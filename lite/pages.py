"""The site's start page, and what each lesson says there of what needs an installation."""

from __future__ import annotations

import html
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from lite import links

FOLDER = Path(__file__).parent

SETTINGS = re.compile(r'<script id="jupyter-config-data".*?</script>', re.DOTALL)

WORKS = {"all": "whole", "most": "mostly", "little": "in part", "": "not tried"}

UNTRIED = {"works": "", "lacks": "Nobody has tried this lesson in a browser yet."}
"""Of a lesson that `lessons.toml` does not name."""

HERE = (
    "*You are in a browser: Python, agents and the simulated endpoint run in this page, and nothing"
    " is sent anywhere. Your log is kept by the browser; `%log` tells of it, `%log save` downloads"
    " it. ■ cannot stop a cell here: ask in the background (`%%ask --bg`), then `%stop`."
)


def about() -> dict[str, dict[str, Any]]:
    """What is known of each lesson, by its name."""
    known = tomllib.loads((FOLDER / "lessons.toml").read_text())
    names = sorted(file.stem for file in (FOLDER.parent / "notebooks").glob("*.ipynb"))
    return {name: known.get(name, UNTRIED) for name in names}


def title(notebook: dict[str, Any]) -> str:
    """The first heading of a lesson."""
    text = "".join(notebook["cells"][0]["source"])
    return text.splitlines()[0].lstrip("# ")


def lessons(source: Path, target: Path) -> None:
    """Copy the lessons, each with a first cell that says what works there."""
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns(".*", "*.cfg", "*.db", "recorded")
    )
    for file in target.glob("*.ipynb"):
        notebook = json.loads(file.read_text())
        known = about()[file.stem]
        text = f"{HERE} {known.get('lacks', 'All of this lesson works here.')}*"
        cell = {"cell_type": "markdown", "id": "in-a-browser", "metadata": {}, "source": [text]}
        notebook["cells"].insert(0, cell)
        for one in notebook["cells"]:  # JupyterLite's contents give them as they stand
            one["source"] = "".join(one["source"])
            if one["cell_type"] == "markdown":
                one["source"] = links.moved(one["source"], f"notebooks/{file.name}", FOLDER.parent)
            for output in one.get("outputs", []):
                for data in (output, output.get("data", {})):
                    data |= {
                        kind: "".join(text)
                        for kind, text in data.items()
                        if texts(text) and kind != "traceback"
                    }
        notebook["metadata"]["kernelspec"] = {
            "display_name": "Python (Pyodide)", "language": "python", "name": "python",
        }  # fmt: skip
        file.write_text(json.dumps(notebook, ensure_ascii=False, indent=1))
    links.guides(FOLDER.parent, target)


def texts(value: object) -> bool:
    """Whether it is a text in lines, as nbformat stores it."""
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


def start(target: Path, *, whole: bool) -> None:
    """Write the page that lists the lessons.

    Args:
        target: the file, which JupyterLite has written.
        whole: the site has numpy and pycrdt, from Pyodide's full distribution.
    """
    rows = []
    for name, one in sorted(about().items()):
        notebook = json.loads((FOLDER.parent / "notebooks" / f"{name}.ipynb").read_text())
        link = (
            f'<a href="notebooks/index.html?path={name}.ipynb">{html.escape(title(notebook))}</a>'
        )
        minutes = f"{one['minutes']} min" if "minutes" in one else ""
        works, lacks = WORKS[one["works"]], html.escape(one.get("lacks", ""))
        rows.append(f"<tr><td>{link}<td>{minutes}<td>{works}<td>{lacks}")
    page = (FOLDER / "start.html").read_text()
    # JupyterLite's own pages look for their settings in the start page, too.
    if settings := SETTINGS.search(target.read_text()):
        page = page.replace("<!-- settings -->", settings.group())
    numbers = "numpy and pycrdt are here." if whole else "numpy and pycrdt are not here."
    target.write_text(
        page.replace("<!-- lessons -->", "\n".join(rows)).replace("<!-- numbers -->", numbers)
    )
