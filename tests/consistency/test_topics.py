"""Topics in random trials, and the checks that find them broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consistency.checks.topics import judged
from consistency.topics import played
from memory.fabrics import local, topics
from memory.fabrics.local import Local
from memory.fabrics.transport import Inbox

SEEDS = range(40)


def test_what_is_promised_of_topics_holds_on_random_histories() -> None:
    found = {seed: played(seed) for seed in SEEDS}
    assert {seed: told for seed, one in found.items() if (told := judged(one))} == {}
    listeners = [each for one in found.values() for each in one.listeners]
    assert sum(len(each.heard) for each in listeners) > 200
    assert any(each.missed for each in listeners) and any(one.dropped for one in found.values())


def hears_again(patch: pytest.MonkeyPatch) -> None:
    """Listeners that forget what they have heard."""
    patch.setattr(topics, "REMEMBERED", 0)


def hears_all(patch: pytest.MonkeyPatch) -> None:
    """A transport that looks at no subject."""
    patch.setattr(local, "matches", lambda pattern, subject: True)


def silent(patch: pytest.MonkeyPatch) -> None:
    """Inboxes that count nothing of what they lose."""
    put = Inbox.put

    def putting(self: Inbox, data: bytes) -> None:
        put(self, data)
        self.missed = 0

    patch.setattr(Inbox, "put", putting)


def untold(patch: pytest.MonkeyPatch) -> None:
    """Publishers that are not told what was dropped."""
    publish = Local.publish

    async def published(self: Local, subject: str, data: bytes) -> dict[str, int]:
        await publish(self, subject, data)
        return {}

    patch.setattr(Local, "publish", published)


def backwards(patch: pytest.MonkeyPatch) -> None:
    """Inboxes that give out the newest letter first."""
    put = Inbox.put

    def putting(self: Inbox, data: bytes) -> None:
        put(self, data)
        self.letters.rotate(1)

    patch.setattr(Inbox, "put", putting)


def remembers(patch: pytest.MonkeyPatch) -> None:
    """A transport that hands out what was published before."""
    said: list[tuple[str, bytes]] = []
    publish, subscribe = Local.publish, Local.subscribe

    async def published(self: Local, subject: str, data: bytes) -> dict[str, int]:
        said.append((subject, data))
        return await publish(self, subject, data)

    async def subscribed(self: Local, subject: str, inbox: Inbox) -> None:
        await subscribe(self, subject, inbox)
        for on, data in said:
            if local.matches(subject, on):
                inbox.put(data)

    patch.setattr(Local, "publish", published)
    patch.setattr(Local, "subscribe", subscribed)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (hears_again, "twice"), (hears_all, "subject"), (silent, "silent"), (untold, "silent"),
        (backwards, "order"), (remembers, "early"),
    ],
)  # fmt: skip
def test_what_breaks_a_promise_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    assert any(one.startswith(told) for seed in SEEDS for one in judged(played(seed)))
