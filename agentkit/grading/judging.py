"""Grade submissions: each in a sandbox of its own, some at a time, what is graded kept.

grader = Grader(assignment, secret="term-2026", kept="grades.jsonl")
async for grade in grader.grade(paths): ...
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from agentkit.errors import SetupError, error_text
from agentkit.grading.assignment import Assignment, Case, Seen
from agentkit.grading.grade import Grade, judged
from agentkit.grading.handed import Unusable, handed, student_of
from agentkit.grading.oral import questions
from agentkit.grading.pace import overtime
from agentkit.grading.referee import Referee
from agentkit.protocols.quiet import Quiet
from agentkit.sandbox import Limits, Sandbox, SandboxError, TimeSpent
from agentkit.sim import server as sim
from agentkit.values import mended

MEMORY_MB, PROCESSES = 1500, 96
AGAIN = "not graded, try again"
"""How the end of a grade begins that says nothing of an answer: the grading failed."""

START_S = 180.0
"""Seconds that an endpoint may take to start: a machine that grades a class is busy."""

NEEDED = ("httpx", "pydantic", "pydantic_core", "starlette", "uvicorn")
"""What the kit needs inside; their folders are where the others of theirs are, too."""


class Grader:
    """Grades submissions of one assignment."""

    def __init__(
        self,
        assignment: Assignment,
        *,
        secret: str,
        kept: str | Path | None = None,
        parallel: int = 2,
        strength: Any = "bubblewrap",
    ) -> None:
        """Make one.

        Args:
            assignment: what is asked.
            secret: what the hidden cases follow from; the same for everybody, and told nobody.
            kept: a file of grades, one JSON line each: those there are not graded again.
            parallel: how many are graded at once.
            strength: of the sandbox; "none" runs code that is trusted as your own.

        Raises:
            SetupError: an assignment that cannot be graded, no secret, or no such number.
            NoSandbox: there is none here.
        """
        if not secret or parallel < 1:
            raise SetupError(
                f"Submissions of {assignment.name} cannot be graded so.",
                expected="a secret that is not empty, and parallel from 1",
            )
        self.assignment, self.secret, self.parallel = assignment, secret, parallel
        # The public ones first: else an answer could say in one what it was asked in a hidden one.
        self.cases: list[Case] = sorted(assignment.drawn(secret), key=lambda case: not case.public)
        self.mark = assignment.mark
        """Another one when a rule changes: what was graded by the old one is graded again."""
        self.strength, self.kept = strength, Path(kept) if kept else None
        Sandbox(strength=strength).close()
        told = list(self.read())
        self.known = {one.digest: one for one in told if one.digest}
        self.latest = {one.student: one for one in told}

    def read(self) -> Iterator[Grade]:
        """The grades that are kept; half a line, as a crash leaves it, is none."""
        if self.kept is None or not self.kept.exists():
            return
        for line in self.kept.read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                yield Grade.model_validate_json(line)

    async def grade(self, paths: Sequence[str | Path]) -> AsyncIterator[Grade]:
        """Grade submissions, files or folders, and give each grade as it is there.

        One that cannot be graded has a grade that says why.
        """
        places = asyncio.Semaphore(self.parallel)

        async def one(path: Path) -> Grade:
            async with places:
                return await self.graded(path)

        work = [asyncio.ensure_future(one(Path(path))) for path in paths]
        try:
            for done in asyncio.as_completed(work):
                yield await done
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def graded(self, path: Path) -> Grade:
        """The grade over one submission, kept or new."""
        try:
            given = handed(path, self.assignment.answer, self.assignment.name)
        except Unusable as why:
            return self.nothing(path, f"not graded: {why}")
        except OSError as error:
            return self.nothing(path, f"not graded: {type(error).__name__}")
        except Exception as error:  # Whatever one is made of, the next one is graded.
            return self.nothing(path, f"{AGAIN}: reading it ended in {error_text(error)[:300]}")
        words = (given.student, given.digest, self.mark, self.secret)
        digest = hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
        if digest in self.known:
            self.keep(self.known[digest])
            return self.known[digest]
        began = time.monotonic()
        try:
            seen, end = await self.run(given.code)
            took = time.monotonic() - began
            grade = judged(self.assignment, seen, given.student, digest, end, took)
            asked = questions(self.assignment.rules, seen, given.student)
        except Exception as error:  # What grades it failed; of the answer it says nothing.
            return self.nothing(path, f"{AGAIN}: {error_text(error)[:300]}")
        grade = grade.model_copy(update={"oral": asked})
        self.keep(grade)
        return grade

    def nothing(self, path: Path, end: str) -> Grade:
        """The grade over what cannot be graded; it has no digest, and is looked at again."""
        grade = Grade(
            student=student_of(path), assignment=self.assignment.name, digest="",
            of=self.assignment.of, end=str(mended(end)),
        )  # fmt: skip
        self.keep(grade)
        return grade

    def keep(self, grade: Grade) -> None:
        """Keep a grade, unless it is the student's newest: each line is an attempt."""
        if grade.digest:
            self.known[grade.digest] = grade
        if self.latest.get(grade.student) == grade:
            return
        self.latest[grade.student] = grade
        if self.kept is not None:
            with self.kept.open("a", encoding="utf-8") as file:
                file.write(grade.model_dump_json() + "\n")

    async def run(self, code: str) -> tuple[list[Seen], str]:
        """Put all cases to one answer; what was seen, and how its program ended."""
        with tempfile.TemporaryDirectory(prefix="agentkit-referee-") as folder:
            there = Path(folder)
            there.chmod(0o755)
            (there / "answer.py").write_text(code, "utf-8")
            shutil.copy(Path(__file__).with_name("inside.py"), there / "inside.py")
            server = await asyncio.to_thread(sim.start, speed=0, timeout_s=START_S)
            try:
                referee = Referee(self.assignment, self.cases, server.url)
                async with listening(referee, there / "socket"):
                    end = await self.inside(there, referee)
                await referee.close()
            finally:
                await asyncio.to_thread(server.stop)
        return referee.seen, end

    async def inside(self, there: Path, referee: Referee) -> str:
        """Run the answer's program to its end, in a sandbox; how it ended."""
        own_s, wall_s = self.assignment.own_s, self.assignment.wall_s
        limits = Limits(
            wall_s=wall_s, cpu_s=max(1, int(own_s)), memory_mb=MEMORY_MB, processes=PROCESSES
        )
        read, path = kit()
        read["/ref"] = there
        env = {"PYTHONPATH": path, "AGENTKIT_LOG": "sqlite:////tmp/log.db"}
        sandbox = Sandbox(limits=limits, read=read, env=env, strength=self.strength)
        text = f"The program took more than {own_s:g} s by itself."
        async with sandbox as box:
            argv = [box.interpreter, "-B", "/ref/inside.py", self.assignment.answer]
            async with box.start(argv, keep=False) as running:

                async def timed() -> None:
                    await overtime(running.process.pid, own_s, lambda: referee.busy)
                    running.stop(TimeSpent(text))

                watch = asyncio.ensure_future(timed())
                try:
                    done = await running.ended()
                except SandboxError as error:
                    return type(error).__name__
                finally:
                    watch.cancel()
                    await asyncio.gather(watch, return_exceptions=True)
        if done.ok:
            return "ended"
        # Before the first case there is nothing hidden that its last words could hold.
        words = done.stderr.strip().rpartition("\n")[2] if referee.untouched else ""
        return f"ended with status {done.status}" + (f": {words[:200]}" if words else "")


@contextlib.asynccontextmanager
async def listening(referee: Referee, path: Path) -> AsyncIterator[None]:
    """Serve the referee on a socket that everybody on this machine's sandbox may open."""
    config = uvicorn.Config(
        referee.app(), uds=str(path), log_config=None, access_log=False, lifespan="off", ws="none"
    )
    server = Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        path.chmod(0o777)
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


def kit() -> tuple[dict[str, str | Path], str]:
    """What of this installation the sandbox may read, and the path of it inside.

    Raises:
        SetupError: a package that the kit needs is not installed.
    """
    places = []
    for name in NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise SetupError(f"{name} is not installed, which an answer needs.")
        places.append(str(Path(spec.origin).parent.parent))
    site = list(dict.fromkeys(places))
    # By this name they are known as packages: what they do is no part of an answer's own code.
    read: dict[str, str | Path] = {f"/kit/{n}/site-packages": one for n, one in enumerate(site)}
    path = ":".join(["/kit/own", *read])
    read["/kit/own/agentkit"] = Path(__file__).resolve().parents[1]
    return read, path
