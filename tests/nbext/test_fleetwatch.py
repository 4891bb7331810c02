"""The live picture of a fleet: who holds which run, and what went from one worker to another."""

from __future__ import annotations

from agentkit.offers import Counts, Held, Present
from nbext.fleetwatch import HAS, LATE, TOOK, Holders


def there(*names: str) -> list[Present]:
    return [Present(name=f"{name}:aa", since=0.0, slots=4, running=0) for name in names]


def held(run: str, worker: str, left_s: float = 3.0) -> Held:
    return Held(run=run, owner=f"{worker}:{run}", attempt=1, left_s=left_s)


def test_what_a_worker_took_over_is_told_from_what_it_had() -> None:
    fold = Holders()
    fold.look([held("a", "h:1"), held("b", "h:1"), held("c", "h:2")], there("h:1", "h:2"), Counts())
    assert fold.signs("h:1") == [HAS, HAS] and fold.state("h:2") == "1 runs, leases hold for 3.0 s"
    fold.look([held("a", "h:1", -1.0), held("b", "h:2"), held("c", "h:2")], there("h:2"), Counts())
    assert fold.signs("h:1") == [LATE] and fold.signs("h:2") == [TOOK, HAS]
    assert fold.state("h:1") == "gone, 1 runs, leases have ended" and fold.takeovers == 1
    fold.look([held("a", "h:2")], there("h:2"), Counts(done=2, running=1))
    assert fold.takeovers == 2 and fold.state("h:1") == "gone, no runs"
    assert fold.summary == "0 open, 1 under way, 2 done, 2 taken over"
    shown = fold.drawn()
    assert "       2  ◆  1 runs" in shown["text/plain"] and "opacity:.5" in shown["text/html"]


def test_a_worker_with_hundreds_of_runs_is_drawn_short_and_its_name_is_no_markup() -> None:
    fold, name = Holders(), "<b>host:<i>7"
    fold.look([held(str(n), name) for n in range(300)], [], Counts())
    shown = fold.drawn()
    assert "+240" in shown["text/plain"] and "<i>" not in shown["text/html"]
