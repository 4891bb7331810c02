"""%resume --happened and --not-happened: a word on each step in doubt, by its key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agentkit import NOT_DONE
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.origins import doubts_of
from nbext.magics.again import RESUMING, verdicts
from nbext.options import parse
from tests.agentkit.test_doubts import Till


async def words(line: str, log: MemoryLog) -> dict[str, Any]:
    session: Any = SimpleNamespace(log=log)
    info: Any = SimpleNamespace(id="r")
    return verdicts(session, info, parse(RESUMING, line))


async def stopped(*calls: int) -> tuple[MemoryLog, list[str]]:
    till, log = Till(hangs=len(calls)), MemoryLog()
    await till.cut(till.clerk(*calls)("go", log=log, id="r"))
    return log, [step.key for step in doubts_of(log, "r")]


async def test_several_doubts_are_answered_by_their_keys() -> None:
    log, (one, other) = await stopped(1, 2)
    given = f"--happened {one[:8]}='{{\"receipt\": 7}}' --not-happened={other[:8]}"
    assert await words(given, log) == {one: {"receipt": 7}, other: NOT_DONE}
    both = f"--not-happened={one} --not-happened={other}"
    assert await words(both, log) == {one: NOT_DONE, other: NOT_DONE}


async def test_one_word_without_a_key_does_not_do_for_two() -> None:
    log, keys = await stopped(1, 2)
    for line in ("--not-happened", "--happened 7", "--happened a=7", "--not-happened=ffff0000"):
        with pytest.raises(SetupError, match="2 steps in doubt") as caught:
            await words(line, log)
        assert all(key[:8] in str(caught.value) for key in keys)


async def test_for_a_single_doubt_no_key_is_needed() -> None:
    log, (key,) = await stopped(1)
    assert await words("--happened 'a=b'", log) == {key: "a=b"}
    assert await words("--not-happened", log) == {key: NOT_DONE}
    with pytest.raises(SetupError, match="one word on each"):
        await words("--happened 7 --not-happened", log)


async def test_where_nothing_is_in_doubt_a_word_is_refused() -> None:
    till, log = Till(), MemoryLog()
    await till.clerk(1)("go", log=log, id="r")
    with pytest.raises(SetupError, match="just %resume"):
        await words("--not-happened", log)
    assert await words("", log) == {}
