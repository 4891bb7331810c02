"""Datasets: samples with an id, what is asked, and what is right; known by their digest."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError, error_text
from agentkit.evaluate.questions import CheckedQuestion, text_id
from agentkit.messages import JSON, Frozen, canonical, digest, jsonable
from agentkit.pictures.table import text_table

FIELDS = ("id", "input", "target", "split")
"""Of a row; whatever else it has is kept as `meta`."""

MOST_BITS = 14_000
"""Of a whole number: Python reads and writes none of more than 4,300 digits."""

SHOWN = 8
"""Samples of a dataset that its text lists."""


class Sample(Frozen):
    """One question of a dataset."""

    id: str
    input: JSON
    """What is asked: text, or any JSON."""
    target: JSON = None
    """What is right, as far as scorers need it; for some a list of what they accept."""
    split: str = ""
    """Which part of the dataset it belongs to, as "dev" or "level 1"."""
    meta: dict[str, JSON] = {}
    """What else is known of it; scorers may read it, teams do not see it."""

    @property
    def text(self) -> str:
        """What is asked, as text."""
        return self.input if isinstance(self.input, str) else canonical(self.input)


class Dataset:
    """Samples in their order, each with an id of its own.

    Rows are mappings with `input`, and `id`, `target` and `split` where there are some; a file of
    JSON lines or CSV with such columns; a data frame or a dataset of Hugging Face; pairs of
    (text, answer); or questions of a world, which bring their own check.
    """

    def __init__(self, rows: Any, *, name: str = "") -> None:
        """Read the rows.

        Args:
            rows: see above.
            name: for tables; by default that of the file.

        Raises:
            SetupError: no rows, one that cannot be read, or an id twice.
        """
        self.name = name or (Path(rows).stem if isinstance(rows, str | Path) else "")
        found = [sample_of(row, n) for n, row in enumerate(rows_of(rows), 1)]
        self.samples: tuple[Sample, ...] = tuple(one for one, _ in found)
        self.checks: dict[str, Callable[[str], bool]] = {
            one.id: check for one, check in found if check is not None
        }
        """Questions' own checks, by id."""
        if not self.samples:
            raise SetupError("The dataset has no samples.", expected="at least one row")
        seen = set[str]()
        for one in self.samples:
            if one.id in seen:
                raise SetupError(
                    f"The id {one.id!r} occurs twice in the dataset.",
                    expected="an id of its own for every sample",
                    todo="rename one; for repeated measurements say evaluate(..., trials=5)",
                )
            seen.add(one.id)

    @cached_property
    def version(self) -> str:
        """The digest of all that is asked and right: another text, another version."""
        return digest(*(canonical(one.model_dump(mode="json")) for one in self.samples))

    @property
    def splits(self) -> tuple[str, ...]:
        """The parts that it has, in their order."""
        return tuple(dict.fromkeys(one.split for one in self.samples))

    def split(self, name: str) -> Dataset:
        """Return one part of it.

        Raises:
            SetupError: there is none of that name.
        """
        if name not in self.splits:
            known = ", ".join(repr(one) for one in self.splits if one)
            raise SetupError(
                f"The dataset has no split {name!r}.",
                expected=known or "a dataset whose rows say their split; none of these does",
            )
        return self.where(lambda one: one.split == name)

    def where(self, wanted: Callable[[Sample], bool]) -> Dataset:
        """Return the samples of which a function says true.

        Raises:
            SetupError: there are none.
        """
        return self._part([one for one in self.samples if wanted(one)])

    def take(self, count: int) -> Dataset:
        """Return the first so many."""
        return self._part(self.samples[:count])

    def _part(self, samples: Iterable[Sample]) -> Dataset:
        part = Dataset(list(samples), name=self.name)
        part.checks = {one.id: check for one in part.samples if (check := self.checks.get(one.id))}
        return part

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __repr__(self) -> str:
        head = f"{self.name or 'dataset'}: {len(self)} samples, version {self.version[:8]}"
        rows = [[one.id, one.split, one.text[:60], str(one.target)[:30]] for one in self.samples]
        more = [f"... {len(self) - SHOWN} more"] if len(self) > SHOWN else []
        return "\n".join([head, *text_table(rows[:SHOWN]), *more])


def rows_of(rows: Any) -> Iterable[Any]:
    """Return the rows that something holds.

    Raises:
        SetupError: a file that is not there or has another form.
    """
    if isinstance(rows, Dataset):
        return rows.samples
    if isinstance(rows, str | Path):
        return read(Path(rows))
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # a data frame
        found: Iterable[Any] = rows.to_dict("records")
        return found
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise SetupError(
            f"{type(rows).__name__} is no dataset.",
            expected="rows with input and target, a path to .jsonl or .csv, or a data frame",
        )
    return rows


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file, by the end of its name.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        lines = lines_in(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(
            f"The dataset {path} cannot be read: {error_text(error)}.",
            expected="a file of JSON lines (.jsonl), or .csv with a head",
        ) from error
    rows = []
    for number, line in lines:
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise SetupError(
                f"Line {number} of {path} is no JSON: {error_text(error)}.",
                expected="one JSON object in each line",
            ) from error
    return rows


def lines_in(text: str) -> list[tuple[int, str]]:
    """Return the lines of a file of JSON lines that hold something, with their numbers.

    Not by `splitlines`, as texts in JSON may hold separators of lines and paragraphs as they are.
    """
    return [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]


def sample_of(row: Any, number: int) -> tuple[Sample, Callable[[str], bool] | None]:
    """Return a row as a sample, with the check that it brings.

    Raises:
        SetupError: nothing is asked in it, or it says what no text and no number is.
    """
    match row:
        case Sample():
            return row, None
        case Mapping() if row.get("input") is not None:
            asked = plain(row["input"], "input", number)
            id, split = (given(row.get(name), name, number) for name in ("id", "split"))
            return Sample(
                id=id or text_id(canonical(asked)),
                input=asked,
                target=plain(row.get("target"), "target", number),
                split=split,
                meta=told(row, number),
            ), None
        case (str(text), check) if callable(check):
            plain(text, "input", number)
            return Sample(id=text_id(text), input=text), check
        case (str(text), answer):
            plain(text, "input", number)
            return Sample(
                id=text_id(text), input=text, target=plain(answer, "target", number)
            ), None
        case CheckedQuestion() if not isinstance(row, str):
            id = given(getattr(row, "id", text_id(row.text)), "id", number)
            answer = plain(getattr(row, "answer", None), "target", number)
            return Sample(id=id, input=row.text, target=answer), row.check
    raise SetupError(
        f"Row {number} of the dataset has no input: {str(row)[:80]}.",
        expected="a mapping with id, input and target; (text, answer); or a question of the world",
        todo="rename its column to input",
    )


def plain(value: Any, field: str, number: int) -> JSON:
    """Return a field of a row as JSON that says the same.

    Raises:
        SetupError: it has no such form, or holds half a surrogate pair, NaN or an infinity.
    """
    try:
        made, why = jsonable(value), odd(value)
    except (ValueError, TypeError, RecursionError) as error:
        made, why = None, error_text(error)
    if why:
        raise SetupError(
            f"The {field} of row {number} of the dataset cannot be kept: {why}.",
            expected="texts of whole characters, finite numbers, and lists and mappings of these",
            todo="mend the row, or leave it out",
        )
    return made


def given(value: Any, field: str, number: int) -> str:
    """Return an id or a split as text; "" where a row has none, as a data frame says by NaN.

    Raises:
        SetupError: it is no text.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    plain(value, field, number)
    return str(value)


def told(row: Mapping[Any, Any], number: int) -> dict[str, JSON]:
    """Return what else a row says; what JSON cannot hold of it is mended.

    Raises:
        SetupError: some of it has no form in JSON.
    """
    rest = {str(name): value for name, value in row.items() if name not in FIELDS}
    try:
        made = jsonable(rest)
    except (ValueError, TypeError, RecursionError) as error:
        raise SetupError(
            f"Row {number} of the dataset cannot be kept: {error_text(error)}.",
            expected="values that have a form in JSON",
        ) from error
    assert isinstance(made, dict)
    return made


def odd(value: Any) -> str:
    """Return what in a value JSON cannot hold; "" where there is nothing."""
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                return f"half a surrogate pair ({value[error.start]!r})"
        case Mapping():
            return next(filter(None, map(odd, [*value.keys(), *value.values()])), "")
        case list() | tuple() | set() | frozenset():
            return next(filter(None, map(odd, value)), "")
        case int() if value.bit_length() > MOST_BITS:
            return "a number of thousands of digits"
        case Real() if not isinstance(value, int) and not math.isfinite(value):
            return f"the number {float(value)}"
    return ""
