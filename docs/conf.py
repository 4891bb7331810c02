"""How Sphinx makes the site; `scripts/docs` calls it."""

from __future__ import annotations

import re
from typing import Any

from sphinx import addnodes

import agentkit
from agentkit.validator import loaded

loaded()  # before nbformat, which would have a grammar compiled: two seconds

project = "agentkit"
author = "agentkit developers"
copyright = author
version = release = agentkit.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"
exclude_patterns = ["**/.ipynb_checkpoints"]
html_theme = "sphinx_book_theme"
html_title = "agentkit"
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "search_as_you_type": False,
    # The theme's own place for the search is at the top of the contents.
    "navbar_persistent": [],
}
html_copy_source = False
html_show_sourcelink = False

# The lessons are stored with their outputs, which tests compare with a new run.
nb_execution_mode = "off"
# A widget's picture is shown, and not its view, which needs a kernel and scripts from elsewhere.
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None),
    ("html", "text/html", 0),
    ("html", "image/svg+xml", 10),
]
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
# A price such as $0.003 is no formula.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "ref.python"]

# Docstrings say names in `single quotes`, as Markdown does.
default_role = "code"
autodoc_typehints = "signature"
autodoc_default_options = {"exclude-members": "model_config, model_post_init"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
copybutton_exclude = ".linenos, .gp"


def as_rst(
    app: object, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Let indented code in a docstring be code: RST wants a mark before it."""
    found: list[str] = []
    code = tree = False
    for place, line in enumerate(lines):
        indented = line.startswith("    ")
        after_blank = place > 0 and not lines[place - 1].strip()
        if indented and after_blank and not code and not section_above(lines, place):
            found += ["::", ""]
            code = True
        elif line.startswith(("├", "│", "└")) and not code:
            # A tree, under the name of its root.
            found[-1:] = ["::", "", f"    {found[-1]}"]
            code = tree = True
        elif line.strip() and not indented and not line.startswith(("├", "│", "└")):
            code = tree = False
        found.append(f"    {line}" if tree and line else line if code else starred(line))
    lines[:] = found


def starred(line: str) -> str:
    """A line of prose whose stars are stars, as in f(*parts); those of a list or a name stay."""
    if re.match(r"\s*\*{1,2}\w+:|\s*\* ", line):
        return line
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(one if one.startswith("`") else one.replace("*", "\\*") for one in parts)


def section_above(lines: list[str], place: int) -> bool:
    """Whether an indented line belongs to a section such as Args."""
    above = next((one for one in reversed(lines[:place]) if one and not one.startswith(" ")), "")
    return bool(re.fullmatch(r"(Args|Returns|Raises|Yields|Attributes):", above))


def titles(tocs: dict[str, Any]) -> dict[str, Any]:
    """Of the contents of each page its title and the pages below it, as `titles_only` leaves."""
    found = {}
    for name, whole in tocs.items():
        found[name] = toc = whole.deepcopy()
        for entry in toc.children:
            below = list(entry.findall(addnodes.toctree))
            if len(entry) > 1 and below:
                entry[1][:] = below
            elif len(entry) > 1:
                entry.pop(1)
    return found


SHORT: dict[str, Any] = {}
"""The contents of every page by its name, titles alone."""


def beside(app: Any, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Let the contents beside a page be made of titles.

    Sphinx copies all that stands in all pages for each, some 6,000 nodes, and takes titles then.
    """
    plain = context["toctree"]

    def toctree(**options: Any) -> str:
        if not options.get("titles_only"):
            return plain(**options)
        whole, app.env.tocs = app.env.tocs, SHORT or titles(app.env.tocs)
        SHORT.update(app.env.tocs)
        try:
            return plain(**options)
        finally:
            app.env.tocs = whole

    context["toctree"] = toctree


def setup(app: Any) -> None:
    """Register it before napoleon reads the sections."""
    app.connect("autodoc-process-docstring", as_rst, priority=400)
    app.connect("html-page-context", beside)
