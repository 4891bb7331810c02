"""The site's start page, and what each lesson says there of what needs an installation."""

from __future__ import annotations

import html
import json
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lite import badges, links

FOLDER = Path(__file__).parent

SETTINGS = re.compile(r'<script id="jupyter-config-data".*?</script>', re.DOTALL)

WORKER = "extensions/@jupyterlite/pyodide-kernel-extension/static/comlink.worker.*.js"
"""JupyterLite's worker for a kernel, in a page that is not isolated from other origins."""

WORKS = {"all": "whole", "most": "mostly", "little": "in part", "untried": "not tried"}

UNTRIED = {"works": "untried", "lacks": "Nobody has tried this lesson in a browser yet."}
"""Of a lesson that `lessons.toml` does not name."""

HERE = (
    "*You are in a browser: Python, agents and the simulated endpoint run in this page, and nothing"
    " is sent anywhere. Your log is kept by the browser; `%log` tells of it, `%log save` downloads"
    " it. ■ cannot stop a cell here: ask in the background (`%%ask --bg`), then `%stop`."
)


@dataclass(frozen=True)
class Build:
    """What differs between sites."""

    base: str = ""
    """Its address, for a link in each lesson that leads back to it; "" for none."""
    full: bool = False
    """It has packages of Pyodide's full distribution."""
    host: str = ""
    """The host that these are loaded from; "" for the site itself."""


def about() -> dict[str, dict[str, Any]]:
    """What is known of each lesson, by its name."""
    known = tomllib.loads((FOLDER / "lessons.toml").read_text())
    names = sorted(file.stem for file in (FOLDER.parent / "notebooks").glob("*.ipynb"))
    return {name: known.get(name, UNTRIED) for name in names}


def title(notebook: dict[str, Any]) -> str:
    """The first heading of a lesson."""
    text = "".join(notebook["cells"][0]["source"])
    return text.splitlines()[0].lstrip("# ")


def lessons(source: Path, target: Path, build: Build = Build()) -> None:
    """Copy the lessons, each with a first cell that says what works there."""
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns(".*", "*.cfg", "*.db", "recorded")
    )
    known = about()
    for file in target.glob("*.ipynb"):
        notebook = json.loads(file.read_text())
        adapted(notebook, file.stem, known[file.stem], build)
        file.write_text(json.dumps(notebook, ensure_ascii=False, indent=1))
    links.guides(FOLDER.parent, target)


def adapted(
    notebook: dict[str, Any], name: str, known: dict[str, Any], build: Build = Build()
) -> None:
    """Make a lesson one of the site: its first cell, links, badge, packages and kernel."""
    for one in notebook["cells"]:  # JupyterLite's contents give them as they stand
        one["source"] = "".join(one["source"])
        if one["cell_type"] == "markdown":
            one["source"] = links.moved(one["source"], f"notebooks/{name}.ipynb", FOLDER.parent)
        for output in one.get("outputs", []):
            for data in (output, output.get("data", {})):
                data |= {
                    kind: "".join(text)
                    for kind, text in data.items()
                    if texts(text) and kind != "traceback"
                }
    first = notebook["cells"][0]
    first["source"] = badges.badged(first["source"], build.base, badges.page(name), image=False)
    notebook["cells"][:0] = opening(known, build)
    notebook["metadata"]["kernelspec"] = {
        "display_name": "Python (Pyodide)", "language": "python", "name": "python",
    }  # fmt: skip


def opening(known: dict[str, Any], build: Build) -> list[dict[str, Any]]:
    """The cells that a lesson begins with on the site."""
    text = f"{HERE} {told(known, build)}*"
    cells = [{"cell_type": "markdown", "id": "in-a-browser", "metadata": {}, "source": text}]
    if build.full and known.get("packages"):
        # Pyodide loads what a cell imports itself, and nothing that is imported by what it imports.
        code = f"import {', '.join(known['packages'])}  # of this lesson, loaded once"
        cells.append({
            "cell_type": "code", "id": "packages", "metadata": {}, "source": code,
            "execution_count": None, "outputs": [],
        })  # fmt: skip
    return cells


def told(known: dict[str, Any], build: Build) -> str:
    """What a visitor has to know of a lesson: what works here, and what takes long."""
    works = lacks(known, build) or "All of this lesson works here."
    return f"{works} {known.get('slow', '')}".strip()


def lacks(known: dict[str, Any], build: Build) -> str:
    """What of a lesson needs an installation on such a site."""
    found: str = known.get("lacks_full" if build.full and "lacks_full" in known else "lacks", "")
    return found


def texts(value: object) -> bool:
    """Whether it is a text in lines, as nbformat stores it."""
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


def start(target: Path, build: Build = Build()) -> None:
    """Write the page that lists the lessons.

    Args:
        target: the file, which JupyterLite has written.
        build: of which site.
    """
    rows = []
    for name, one in sorted(about().items()):
        notebook = json.loads((FOLDER.parent / "notebooks" / f"{name}.ipynb").read_text())
        link = f'<a href="{badges.page(name)}">{html.escape(title(notebook))}</a>'
        minutes = f"{one['minutes']} min" if "minutes" in one else ""
        missing = html.escape(f"{lacks(one, build)} {one.get('slow', '')}".strip())
        missing = re.sub("`([^`]+)`", r"<code>\1</code>", missing)
        works = "all" if build.full and one.get("lacks_full") == "" else one["works"]
        told = f'<span class="works {works}">{WORKS[works]}</span>'
        rows.append(f"<tr><td>{link}<td>{minutes}<td>{told}<td>{missing}")
    page = (FOLDER / "start.html").read_text()
    # JupyterLite's own pages look for their settings in the start page, too.
    if settings := SETTINGS.search(target.read_text()):
        page = page.replace("<!-- settings -->", settings.group())
    numbers, leaves = "numpy and pandas are not here.", ", and nothing leaves this site"
    if build.full:
        numbers = "numpy and pandas are here."
    if build.host:
        host = html.escape(build.host)
        numbers = f"numpy and pandas are loaded from {host} by lessons that need them."
        leaves = f"; but for packages from {host}, nothing leaves this site"
    for mark, text in (("lessons", "\n".join(rows)), ("numbers", numbers), ("leaves", leaves)):
        page = page.replace(f"<!-- {mark} -->", text)
    target.write_text(page)


def early(site: Path) -> None:
    """Let pages with a lesson begin its kernel while they load; see `early.js` and `boot.mjs`.

    Raises:
        SystemExit: JupyterLite has another worker, or pages without a head.
    """
    workers = sorted(site.glob(WORKER))
    page = site / "notebooks" / "index.html"
    text = page.read_text()
    if len(workers) != 1 or text.count("<head>") != 1:
        raise SystemExit(f"{site} is of another JupyterLite than lite/early.js knows")
    address = workers[0].relative_to(site).as_posix()
    script = (FOLDER / "early.js").read_text().replace("WORKER", f"../{address}")
    page.write_text(text.replace("<head>", f"<head>\n<script>\n{script}</script>"))
    up = "../" * address.count("/")
    code = workers[0].read_text()
    workers[0].write_text(f'void import("{up}static/pyodide/boot.mjs").catch(() => {{}});\n{code}')
