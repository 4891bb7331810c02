"""A suite: what is asked, and how answers are judged."""

from __future__ import annotations

from typing import Any

from agentkit.evaluate.fitting import check_fit
from agentkit.evaluate.samples import Dataset
from agentkit.evaluate.scorers import Scorer, all_of


class Suite:
    """A dataset with its scorers. An answer is right if every scorer passes it."""

    def __init__(self, dataset: Any, scorers: Any = None, *, name: str = "") -> None:
        """Make one.

        Args:
            dataset: a Dataset, or what one is made of: rows with id, input and target, a path, a
                data frame, pairs, or questions of a world.
            scorers: names, functions or objects, see `agentkit.evaluate.scorers`; by default
                "check" where every question brings its own check, and else "exact".
            name: of the evaluations' runs; by default that of the dataset.

        Raises:
            SetupError: the dataset or a scorer cannot be, or a scorer cannot judge a sample.
        """
        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
        usual = "check" if len(self.dataset.checks) == len(self.dataset) else "exact"
        self.scorers: tuple[Scorer, ...] = all_of(usual if scorers is None else scorers)
        check_fit(self.scorers, self.dataset)
        self.name = name or self.dataset.name or "suite"

    def __repr__(self) -> str:
        return f"{self.name}, judged by {', '.join(one.name for one in self.scorers)}\n" + repr(
            self.dataset
        )
