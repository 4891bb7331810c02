"""Marks do not depend on how busy a machine is: what counts is what a program takes by itself."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

import pytest

from agentkit.grading import inside
from agentkit.grading.pace import looked, overtime

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")


async def cut(code: str, most_s: float, busy: Callable[[], int], wait_s: float) -> bool:
    """Whether a program was over its time before it, or the wait, ended."""
    program = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", code)
    watch = asyncio.ensure_future(overtime(program.pid, most_s, busy))
    end = asyncio.ensure_future(program.wait())
    await asyncio.wait({watch, end}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    over = watch.done()
    watch.cancel()
    if program.returncode is None:
        program.kill()
    await asyncio.gather(watch, end, return_exceptions=True)
    return over


@pytest.mark.parametrize(
    "code",
    ["import time; time.sleep(60)", "while True: pass",
     "import subprocess, sys\nwhile True: subprocess.run([sys.executable, '-S', '-c', '7'])",
     "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"],
)  # fmt: skip
def test_who_computes_or_waits_for_nothing_is_over_his_time(code: str) -> None:
    assert asyncio.run(cut(code, 0.3, lambda: 0, 60))


def test_who_waits_for_an_answer_is_not() -> None:
    assert not asyncio.run(cut("import time; time.sleep(60)", 0.4, lambda: 1, 1.0))


def test_who_waits_for_a_processor_is_not() -> None:
    """It takes 0.15 s of processor, beside so many others that the clock says far more."""
    code = "import time\nwhile time.process_time() < 0.15: pass"

    async def go() -> list[bool]:
        return await asyncio.gather(*(cut(code, 0.5, lambda: 0, 60) for _ in range(8)))

    assert not any(asyncio.run(go()))


def test_what_is_said_can_be_sent() -> None:
    assert inside.sendable("\ud800é") == "?é"
    assert inside.sendable(7) == "7"
    assert len(inside.sendable("x" * 10**6)) == inside.LONGEST


def test_processes_that_are_gone_count_nothing() -> None:
    assert looked(2**30) == (0.0, False)


def test_a_case_is_cut_by_its_own_time() -> None:
    async def go() -> None:
        assert await inside.within(asyncio.sleep(0, "x"), 1) == "x"
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"0\.2 s"):
            await inside.within(asyncio.sleep(60), 0.2)
        assert time.monotonic() - began < 30
        inside.asked.add(1)
        try:
            assert await inside.within(asyncio.sleep(0.5, "late"), 0.2) == "late"
        finally:
            inside.asked.clear()

    asyncio.run(go())
