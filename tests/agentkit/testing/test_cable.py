"""A cable to the server of a log: cut, mended, and to a server that is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentkit import open_log, pattern
from agentkit.errors import LogError, SetupError
from agentkit.testing import Cable


@pattern
async def greeter(task: str) -> str:
    return f"Hello, {task}"


async def test_what_is_held_back_by_a_cut_arrives_when_it_is_mended(postgres_url: str) -> None:
    with Cable(postgres_url) as cable:
        assert "open" in repr(cable)
        far = open_log(cable.url)
        assert (await greeter("you", log=far)).text == "Hello, you"
        cable.cut()
        assert "cut" in repr(cable)
        asking = asyncio.create_task(greeter("there", log=far))
        done, _ = await asyncio.wait([asking], timeout=0.5)
        assert not done
        cable.mend()
        assert (await asyncio.wait_for(asking, 20)).text == "Hello, there"
        near = open_log(postgres_url)
        assert len(await asyncio.to_thread(near.runs)) == 2
        near.close()
        far.close()
    with pytest.raises(SetupError, match="was not opened"):
        _ = cable.url


async def test_a_server_that_is_not_there_is_as_far_as_without_a_cable(tmp_path: Path) -> None:
    with Cable(f"postgresql://me@/db?host={tmp_path}&connect_timeout=2") as cable:
        with pytest.raises(LogError):
            await asyncio.to_thread(open_log, cable.url)


@pytest.mark.parametrize("url", ["sqlite:///a.db", "postgresql:///db", "postgresql://a,b/db"])
def test_what_names_no_one_server_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="no server"):
        Cable(url)


def test_what_else_the_url_says_stays() -> None:
    cable = Cable("postgresql://me:p%40ss@db.example:6000/agents?schema=course&sslmode=require")
    assert (cable.host, cable.port) == ("db.example", 6000)
    assert cable._user == "me:p%40ss" and cable._options["schema"] == "course"
