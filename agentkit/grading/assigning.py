"""`agentkit assignment ...`: what a teacher does with an assignment before it is graded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

from agentkit.errors import SetupError

HELP = """usage: agentkit assignment {check,student,instructor,slides,merge} ...

  check FILE.py:NAME            whether it may be released: references get all, attacks nothing
  student SOURCE... --out DIR   notebooks for students: solutions and hidden tests left out
  instructor SOURCE... --out DIR   notebooks for those who teach: each exercise solved
  slides SOURCE... --out DIR    what students get as slides, to show without a network
  merge NEW MINE                a newer version with the answers of an older one
"""


def main(arguments: Sequence[str]) -> int:
    """Run one of the actions.

    Raises:
        SetupError: there is no such action, or it has none to work on.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    action = actions().get(arguments[0])
    if action is None:
        raise SetupError(
            f"There is no agentkit assignment {arguments[0][:40]}.",
            expected=", ".join(actions()),
        )
    return action(arguments[1:])


def actions() -> dict[str, Callable[[Sequence[str]], int]]:
    """What can be done, by name."""
    from agentkit.grading import building, command

    return {
        "check": command.check,
        "student": partial(building.build, version="student"),
        "instructor": partial(building.build, version="instructor"),
        "slides": building.slides,
        "merge": building.merging,
    }
