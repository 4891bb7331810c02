"""GAIA: questions with one short answer, judged by quasi-exact match as its leaderboard does.

The questions themselves may not be passed on; they are on the Hugging Face hub, in the dataset
gaia-benchmark/GAIA, for those who accept its terms. `questions` reads its metadata.jsonl.

Source: Mialon et al. 2023, GAIA: a benchmark for General AI Assistants, section 3.2; where the
paper is silent, the scorer of the leaderboard is followed, in its quirks too: an answer that
should be a number and is none counts as infinite.
"""

from __future__ import annotations

import math
import re
import string
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from agentkit.errors import SetupError, error_text
from agentkit.evaluate.samples import Dataset, Sample, lines_in
from agentkit.messages import Frozen
from agentkit.typed import told_of

PUNCTUATION = str.maketrans("", "", string.punctuation)

FORMAT = (
    "Finish with one line that begins with FINAL ANSWER: and holds a number, as few words as"
    " possible, or a list of those with commas between them. Write numbers without commas and"
    " units, and words without articles and abbreviations, unless the question says otherwise."
)
"""How an answer is to be given; an agent's instructions should say so. Our own words."""


def gaia_match(answer: str | None, truth: str) -> bool:
    """Return whether an answer is quasi the same as the truth.

    Numbers are compared as numbers, without $, % and commas; lists, by commas and semicolons,
    item by item, in their order; other texts without spaces, case and punctuation.

    Args:
        answer: what was answered; None counts as the word "None".
        truth: the answer that is right; what it looks like decides how both are read.
    """
    answer, truth = "None" if answer is None else str(answer), str(truth)
    if is_number(truth):
        return as_number(answer) == float(truth)
    if re.search("[,;]", truth):
        said, right = re.split("[,;]", answer), re.split("[,;]", truth)
        return len(said) == len(right) and all(map(same_item, said, right))
    return bare(answer).translate(PUNCTUATION) == bare(truth).translate(PUNCTUATION)


def final_answer(text: str) -> str:
    """Return what stands after the last "FINAL ANSWER:" of a reply; all of it without one."""
    _, mark, after = text.rpartition("FINAL ANSWER:")
    return after.strip() if mark else text.strip()


def same_item(said: str, right: str) -> bool:
    """Return whether two items of lists are quasi the same; punctuation counts in them."""
    if is_number(right):
        return as_number(said) == float(right)
    return bare(said) == bare(right)


def is_number(text: str) -> bool:
    """Return whether Python reads a text as a number, "inf" and "nan" too."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_number(text: str) -> float:
    """Return the number that a text is, without $, % and commas; infinity where it is none."""
    for one in "$%,":
        text = text.replace(one, "")
    return float(text) if is_number(text) else math.inf


def bare(text: str) -> str:
    """Return a text without white space, in small letters."""
    return re.sub(r"\s", "", text).lower()


def mini() -> Dataset:
    """Return questions of our own about the port of Amber, in the published form: 12 in 3 levels.

    `agentkit.sim.world.world().tools` are what it takes to answer them.
    """
    return questions(Path(__file__).with_name("mini") / "gaia.jsonl")


class GaiaRow(Frozen):
    """A question by its official names; what else a row has is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    task_id: str = Field(min_length=1)
    Question: str = Field(min_length=1)
    Level: Annotated[int, Field(ge=1, strict=False)]
    """A number, or the text of one."""
    answer: str | int | float | None = Field(None, alias="Final answer")
    """None, or "?", where it is held back."""
    file_name: str | None = None


def wrong_in(error: Exception) -> str:
    """What is wrong with a row, in a line."""
    if isinstance(error, ValidationError):
        return "; ".join(told_of({**one}) for one in error.errors())
    return error_text(error)


def questions(path: str | Path, level: int | None = None) -> Dataset:
    """Return the questions of a metadata.jsonl as it is published.

    Args:
        path: of the file; files that belong to a question lie beside it.
        level: 1, 2 or 3; None for all.

    Raises:
        SetupError: there is no such file, or one of another form.
    """
    folder, samples = Path(path).parent, []
    try:
        lines = lines_in(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The questions of GAIA cannot be read: {error_text(error)}.",
            expected="the metadata.jsonl of gaia-benchmark/GAIA, to be had on the hub",
        ) from error
    for number, line in lines:
        try:
            row = GaiaRow.model_validate_json(line)
            found = Sample(
                id=row.task_id,
                input=row.Question,
                target=row.answer,
                split=f"level {row.Level}",
                meta={"file": str(folder / row.file_name)} if row.file_name else {},
            )
        except (ValueError, RecursionError) as error:
            raise SetupError(
                f"Line {number} of {path} is no question of GAIA: {wrong_in(error)[:300]}",
                expected="JSON with task_id, Question, Level, Final answer and file_name",
                todo="look whether the file is of a newer format",
            ) from error
        if level is None or found.split == f"level {level}":
            samples.append(found)
    return Dataset(samples, name="GAIA" if level is None else f"GAIA level {level}")
