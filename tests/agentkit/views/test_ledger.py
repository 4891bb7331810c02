"""The bill as a fold."""

from __future__ import annotations

from agentkit.events import Ref, Usage
from agentkit.pictures import LedgerPicture
from agentkit.views import Ledger, fold
from agentkit.views.ledger import percentile
from tests.agentkit.views.story import Story, team


def test_actors_models_and_total_agree() -> None:
    bill = fold(Ledger(), team().events)
    assert bill.total.usage.calls == 6
    for group in (bill.actors, bill.models):
        assert sum(a.usage.tokens_in for a in group.values()) == bill.total.usage.tokens_in
    assert bill.actors["worker-1"].tools == 1


def test_an_unknown_price_is_unknown_and_not_nothing() -> None:
    bill = fold(Ledger(), team().events)
    assert bill.actors["worker-1"].unpriced == 1
    assert "$0.001000 + 1 unknown" in str(LedgerPicture(bill))
    s = Story()
    s.start()
    s.model("", "m", None)
    assert "unknown" in str(fold(LedgerPicture(), s.events))
    assert "$0" not in str(fold(LedgerPicture(), s.events))


def test_a_reused_step_is_saved_and_not_paid() -> None:
    s = Story()
    s.start(how="rerun")
    used = Usage(tokens_in=100, tokens_out=20, calls=1)
    s.finish("", "m", "model", "m", usage=used, cost_usd=0.5, reused=Ref(run="old", seq=4))
    bill = fold(Ledger(), s.events)
    assert bill.total.usage.calls == 0 and bill.total.cost_usd is None
    assert (bill.total.saved_steps, bill.total.saved_usd) == (1, 0.5)
    assert "Reused steps, not paid again: 1 (120 tokens, worth $0.5000)." in str(
        LedgerPicture(bill)
    )


def test_latency_is_from_start_to_end_of_a_model_call() -> None:
    bill = fold(Ledger(), team().events)
    assert bill.actors["planner"].latencies_s == [0.5]


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(v) for v in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile([3.0], 0.95) == 3
    assert percentile([], 0.5) is None


def test_names_are_escaped_wherever_the_bill_is_shown() -> None:
    s = Story()
    s.start()
    s.open("e", "<b>|evil", "<b>|evil")
    s.model("e", "m")
    bill = fold(Ledger(), s.events)
    picture = LedgerPicture(bill)
    assert "<b>" not in picture.to_html() + picture.to_markdown() + picture.to_svg()
    assert "&#124;evil" in picture.to_markdown()


def test_a_resumed_bill_tells_this_time_from_the_whole_run() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    s.model("c", "one")
    assert not any("resume" in line for line in fold(LedgerPicture(), s.events).remarks())
    s.start(how="resume")
    s.model("c", "two", 0.002)
    s.end()
    view = fold(Ledger(), s.events)
    assert view.total.usage.calls == 2 and view.total.cost_usd == 0.003
    said = "Since the last resume: 1 call, 100 + 20 tokens, $0.002000. The table has the whole run."
    shown = LedgerPicture(view)
    assert said in shown.remarks() and said in str(shown) and said in shown.to_html()
    assert view.data()["latest"]["calls"] == 1


def test_a_resume_that_performs_nothing_costs_nothing() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    s.model("c", "one")
    s.end()
    s.start(how="resume")
    s.end()
    assert "0 calls, 0 + 0 tokens, $0.00" in fold(LedgerPicture(), s.events).remarks()[0]
