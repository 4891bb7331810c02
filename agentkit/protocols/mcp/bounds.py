"""How much is taken from a server, and how long is waited for it."""

CALL_S = 60.0
"""For one call, by default, as of every tool."""

PAGES = 100
"""Pages of one list: a server that always has another one must not hold up a cell."""

TOOLS = 1_000
"""Tools that are taken from one server."""

DESCRIPTION = 10_000
"""Characters of the description of a tool: every request of the model repeats it."""

STOP_S = 1.0
"""For a process to end when its input ends, and again when it is told to."""

TAIL = 10
"""Last lines of a server's error output, kept for errors."""

LINES_S = 50
"""Lines of error output shown in a second; the rest of a flood is counted."""
