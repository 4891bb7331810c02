"""What a resume does about an ask of which nobody knows: with agents that promise nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import NOT_DONE, open_log
from agentkit.errors import AgentkitError, Unsettled
from agentkit.protocols import PeerRejected, a2a_agent
from agentkit.protocols.a2a import errand
from tests.agentkit.protocols.a2a.hostile import app
from tests.agentkit.protocols.serving import served


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "AWAY_S", 0.3)


def messages(calls: list[dict[str, Any]]) -> list[str]:
    return [one["params"]["message"]["messageId"] for one in calls if "Send" in one["method"]]


@pytest.mark.parametrize("how", ["breaks", "forgets"])
async def test_what_may_have_been_done_is_not_done_again_unasked(how: str) -> None:
    calls: list[dict[str, Any]] = []
    with served(app(how, calls)) as url:
        remote = await a2a_agent(url)
        with pytest.raises(AgentkitError):
            await remote("pay")
        (run,) = [one for one in open_log().runs() if one.actor == "evil"]
        with pytest.raises(Unsettled, match="not known whether it heard it"):
            await remote.resume(run.id)
        assert len(messages(calls)) == 1
        done = await remote.resume(run.id, settle={"evil": NOT_DONE})
        assert done.text == "it is done" and len(messages(calls)) == 2


async def test_a_task_that_failed_is_followed_by_another_one() -> None:
    calls: list[dict[str, Any]] = []
    with served(app("fails once", calls)) as url:
        remote = await a2a_agent(url)
        with pytest.raises(PeerRejected, match="failed at what it was asked"):
            await remote("pay")
        (run,) = [one for one in open_log().runs() if one.actor == "evil"]
        done = await remote.resume(run.id)
        assert done.text == "it is done"
        assert len(set(messages(calls))) == 2
