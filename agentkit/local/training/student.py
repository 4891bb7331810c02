"""A student: a small model that learns to call tools, with its test at every checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from agentkit.errors import SetupError
from agentkit.local.catalogue import weights_of
from agentkit.local.pulling import pulled
from agentkit.local.training import weights as files
from agentkit.local.training.chats import ChatMaker, TrainingChat, frozen
from agentkit.local.training.network import TrainableModel
from agentkit.local.training.reading import (
    TEMPLATE,
    Cut,
    Example,
    Renderer,
    batch,
    cutting,
    example,
)  # fmt: skip
from agentkit.local.training.threads import Threads
from agentkit.messages import Frozen

BASE = "smollm2-135m"
RATE, WARM_STEPS, LEAST_RATE = 2e-3, 8, 0.05
"""Of learning: the highest, the steps until then, and the share of it at the end."""
LONGEST_STEP = 1.0
"""Norm of all gradients beyond which they are scaled down."""
STEP_TOKENS = 360
AT_ONCE = 4
"""Chats of a test that are read at once, for the memory."""
TESTED = 50
"""Chats of the frozen test set that a checkpoint is scored on."""


class Point(Frozen):
    """How far a training was at a checkpoint."""

    seconds: float
    """Of training, without the tests."""
    steps: int
    tokens: int
    """That were read for training."""
    loss: float
    """A mean of the last steps, in nats a token; 0 before the first."""
    calls: int
    """Test chats whose call is right to the last character."""
    answers: int
    """Test chats whose answer from the result is."""
    of: int

    def __str__(self) -> str:
        return (
            f"{self.seconds / 60:5.1f} min {self.steps:5d} steps {self.tokens:8,d} tokens"
            f"   loss {self.loss:5.2f}   calls right {self.calls:3d} of {self.of}"
            f"   answers right {self.answers:3d} of {self.of}"
        )


class Adam:
    """Steps by the mean of the gradients over the root of the mean of their squares.

    Source: Kingma and Ba 2014, Adam, without weight decay.
    """

    def __init__(self, network: TrainableModel, decays: tuple[float, float] = (0.9, 0.99)) -> None:
        self.pairs, self.decays, self.count = list(network.trained()), decays, 0
        self.means = [(np.zeros_like(one), np.zeros_like(one)) for one, _ in self.pairs]

    def step(self, rate: float) -> None:
        """Change what is trained, and forget the gradients."""
        self.count += 1
        norm = math.sqrt(sum(float(np.vdot(grad, grad)) for _, grad in self.pairs))
        by = np.float32(min(1.0, LONGEST_STEP / (norm + 1e-12)))
        first, second = (1 - decay**self.count for decay in self.decays)
        for (one, grad), (mean, square) in zip(self.pairs, self.means, strict=True):
            grad *= by
            mean += (1 - self.decays[0]) * (grad - mean)
            square += (1 - self.decays[1]) * (grad * grad - square)
            one -= rate * (mean / first) / (np.sqrt(square / second) + 1e-8)
            grad[...] = 0


class Student:
    """A model that is trained.

    Args:
        parts: of its file.
        cut: a text to its tokens.
        network: made of the parts; given in tests.
        seed: of the chats and of the first values.
    """

    def __init__(
        self,
        parts: files.GgufContents,
        cut: Cut,
        network: TrainableModel | None = None,
        seed: int = 0,
    ):
        self.parts, self.cut, self.renderer = parts, cut, Renderer()
        self.network = network or TrainableModel(parts, seed=seed)
        self.maker, self.optimizer, self.threads = ChatMaker(seed), Adam(self.network), Threads()
        self.tested = [self.read(chat) for chat in frozen(TESTED)]

    @classmethod
    def of(cls, name: str = BASE, seed: int = 0) -> Student:
        """The student that begins as a local model. Blocks; its server cuts texts into tokens.

        Args:
            name: of the model, without "local:".
            seed: of the chats and of the first values.

        Raises:
            SetupError: it cannot be had, or is of a kind that is not trained here.
        """
        weights = weights_of(name)
        path = pulled(weights)
        parts = files.read(path)
        files.llama_only(parts, path)
        return cls(parts, cutting(weights), seed=seed)

    def read(self, chat: TrainingChat) -> Example:
        """A chat in tokens."""
        return example(self.renderer.pieces(chat), self.cut)

    def lesson(self) -> list[Example]:
        """Fresh chats for a step."""
        found = [self.read(self.maker.chat())]
        while sum(len(one.tokens) for one in found) < STEP_TOKENS:
            found.append(self.read(self.maker.chat()))
        return found

    def score(self) -> tuple[int, int]:
        """How many calls, and answers, of the test set are right to the last character.

        Greedy decoding gives a turn just if each of its tokens is the likeliest after those before
        it; so that one pass over the chat tells what generating it would.
        """
        calls = answers = 0
        for start in range(0, len(self.tested), AT_ONCE):
            part = self.tested[start : start + AT_ONCE]
            tokens, lengths, at, _ = batch(part)
            with self.threads.bounded():
                hits = iter(self.network.guesses(tokens, lengths, at) == tokens[at + 1])
            for one in part:
                right = [all([next(hits) for _ in turn]) for turn in one.turns()]
                calls += right[0]
                answers += right[-1]
        return calls, answers

    def train(
        self,
        minutes: float,
        every_s: float = 150.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> Iterator[Point]:
        """Learn for some minutes; yields a point before, at every checkpoint and at the end.

        Args:
            minutes: of training; the tests take theirs beside them.
            every_s: seconds of training between two tests.
            clock: that measures them.
        """
        spent, steps, tokens, loss, tested = 0.0, 0, 0, 0.0, 0.0
        yield self.point(spent, steps, tokens, loss)
        while spent < 60 * minutes:
            start = clock()
            lesson = batch(self.lesson())
            with self.threads.bounded():
                found = self.network.learn(lesson.tokens, lesson.lengths, lesson.at, lesson.shares)
                self.optimizer.step(rate(steps, spent / (60 * minutes)))
            loss = found if not steps else 0.9 * loss + 0.1 * found
            steps, tokens = steps + 1, tokens + len(lesson.tokens)
            spent += clock() - start
            if spent - tested >= every_s and spent < 60 * minutes:
                tested = spent
                yield self.point(spent, steps, tokens, loss)
        yield self.point(spent, steps, tokens, loss)

    def point(self, spent: float, steps: int, tokens: int, loss: float) -> Point:
        """Where it is now."""
        calls, answers = self.score()
        return Point(
            seconds=round(spent, 1), steps=steps, tokens=tokens, loss=round(loss, 4), calls=calls,
            answers=answers, of=len(self.tested),
        )  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write the student as a model of its own, with a template that knows tools.

        Raises:
            SetupError: the file cannot be written.
        """
        target = Path(path).expanduser().absolute()
        try:
            self.network.save(target, self.parts, TEMPLATE.read_text(encoding="utf-8"), target.stem)
        except OSError as error:
            raise SetupError(
                f"{target} cannot be written: {error.strerror}",
                expected="a folder with 150 MB of room",
                todo="name another one",
            ) from error
        return target


def rate(step: int, share: float) -> float:
    """Of learning: it rises in the first steps, and falls along half a cosine.

    Args:
        step: from 0.
        share: of the time that is over.
    """
    falling = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return RATE * min(1.0, (step + 1) / WARM_STEPS) * falling
