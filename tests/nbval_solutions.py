"""A pytest plugin: after the check of an exercise, nbval tries the folded solution too.

In the kernel that runs the notebook, so that no notebook is run twice. The cells after it run in a
notebook that is solved so far, and their outputs must still be those that are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
from nbval.plugin import IPyNbCell, IPyNbFile

from tests.exercises import Exercise, exercises, verdicts


class SolvedExercise(IPyNbCell):
    """Runs a solution and what judges it; fails unless the check says that it is solved."""

    tried: Exercise

    def runtest(self) -> None:
        for source in (self.tried.solution, *(cell.source for cell in self.tried.graders)):
            # A new cell has no stored outputs: only errors are looked at.
            self.cell = nbformat.v4.new_code_cell(source)
            super().runtest()
        said = verdicts(self.test_outputs)
        if not said or not said[-1].startswith("Solved."):
            self.raise_cell_error(
                "The folded solution does not solve its exercise", "\n".join(said)
            )


def patch() -> None:
    """Let nbval put a try of the solution behind the last cell that judges it."""
    plain = IPyNbFile.collect

    def collect(self: Any) -> Iterator[IPyNbCell]:
        cells = nbformat.read(self.path, as_version=4).cells
        judged = {one.check: one for one in exercises(cells)}
        code = [place for place, cell in enumerate(cells) if cell.cell_type == "code"]
        for place, item in zip(code, plain(self), strict=True):
            yield item
            if place in judged:
                name = f"Solution of cell {code.index(judged[place].place)}"
                found = SolvedExercise.from_parent(
                    self, name=name, cell_num=item.cell_num, cell=item.cell,
                    options={"check": False, "check_exception": False, "skip": False},
                )  # fmt: skip
                found.tried = judged[place]
                yield found

    IPyNbFile.collect = collect


patch()
