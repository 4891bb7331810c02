"""Models behind HTTP: connect(name) makes one; each wire dialect is a set of pure functions."""

import sys

if "httpx" not in sys.modules:
    # Where click and rich are installed, httpx imports its command line with them: as much again
    # as all of httpx, in each kernel and each worker, for a function that nobody calls there.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    import httpx as httpx

    del sys.modules["httpx._main"]
