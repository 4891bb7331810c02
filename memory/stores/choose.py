"""store(...): a store from what the user says of it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from agentkit.errors import SetupError
from memory.stores import Store


def store(collection: str, given: str | Store | None, embedder: str, path: Path | str) -> Store:
    """Open a collection.

    Args:
        collection: its name.
        given: "chroma", "numpy", the URL of a Chroma server, or a store; None takes Chroma
            where it is installed, else numpy.
        embedder: the name of the embedder, kept with the collection.
        path: the folder of embedded stores, or ":memory:".

    Raises:
        SetupError: no store is called that.
    """
    if given is not None and not isinstance(given, str):
        return given
    transient = str(path) == ":memory:"
    if given is None:
        given = "chroma" if find_spec("chromadb") and not transient else "numpy"
    if given == "numpy":
        from memory.stores.numpystore import NumpyStore

        return NumpyStore(
            collection, embedder, ":memory:" if transient else Path(path, "memory.db")
        )
    if given == "chroma" or given.startswith(("http://", "https://")):
        from memory.stores.chroma import ChromaStore

        if given == "chroma" and transient:
            raise SetupError(
                "Chroma keeps its files in a folder.", todo="name a path, or use store='numpy'"
            )
        return ChromaStore(
            collection, embedder, Path(path, "chroma") if given == "chroma" else given
        )
    raise SetupError(
        f"No store is called {given!r}.", expected="'chroma', 'numpy', or http://host:port"
    )
