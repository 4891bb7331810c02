"""Policies are values: what they decide is told without a model, a run or a log."""

from __future__ import annotations

import itertools

import pytest

from agentkit.errors import SetupError
from agentkit.trust import CLEAN, KEPT, OFF, PRIVATE, SECRET, UNTRUSTED, Label, Policy
from agentkit.trust.labels import HIGHER, WORSE
from agentkit.trust.notes import Verdict

EVERY = [Label(integrity=one, confidentiality=two) for one, two in itertools.product(WORSE, HIGHER)]


def test_labels_join_upwards_in_any_order() -> None:
    for a, b, c in itertools.product(EVERY, EVERY, EVERY):
        assert a | b == b | a
        assert (a | b) | c == a | (b | c)
        assert a | a == a and a | CLEAN == a
        assert a <= a | b and b <= a | b
        assert (a <= b) == (a | b == b)
    assert UNTRUSTED | PRIVATE == KEPT


@pytest.mark.parametrize("verdict", ["allow", "ask", "refuse"])
def test_what_has_an_effect_is_decided_on_nothing_from_outside(verdict: Verdict) -> None:
    policy = Policy(on_influence=verdict)
    found = policy.decide("tool:pay", effect="once", label=UNTRUSTED)
    assert found is not None and (found.verdict, found.rule) == (verdict, "influence")
    assert policy.decide("tool:pay", effect="once", label=CLEAN) is None
    assert policy.decide("tool:look", effect="pure", label=UNTRUSTED) is None
    again = policy.decide("tool:put", effect="idempotent", label=UNTRUSTED)
    assert again is not None and again.verdict == verdict


def test_a_step_may_be_named_by_itself_and_the_longest_pattern_counts() -> None:
    policy = Policy(acts={"tool:*": "ask", "tool:log_*": "allow", "tool:fetch": "refuse"})
    told = {
        name: found.verdict
        for name in ("tool:pay", "tool:log_line", "tool:fetch")
        if (found := policy.decide(name, effect="pure", label=UNTRUSTED))
    }
    assert told == {"tool:pay": "ask", "tool:log_line": "allow", "tool:fetch": "refuse"}


def test_words_go_nowhere_they_are_not_cleared_for() -> None:
    policy = Policy(
        sources={"tool:mailbox": PRIVATE}, clears={"tool:colleague": "private"}, on_outflow="ask"
    )
    out = policy.decide("tool:post", effect="pure", label=PRIVATE)
    assert out is not None and (out.verdict, out.rule) == ("ask", "outflow")
    assert policy.decide("tool:colleague", effect="once", label=PRIVATE) is None
    assert policy.decide("tool:mailbox", effect="pure", label=PRIVATE) is None
    assert policy.decide("tool:mailbox", effect="pure", label=SECRET) is not None
    assert policy.decide("model:openai:gpt", effect="idempotent", label=SECRET) is None
    hosted = policy.with_(clears={"model:openai*": "public"})
    assert hosted.decide("model:openai:gpt", effect="idempotent", label=PRIVATE) is not None


def test_a_memory_that_is_declared_good_takes_nothing_worse() -> None:
    policy = Policy(sources={"memory:port": CLEAN})
    bad = policy.decide("memory:port", effect="idempotent", label=UNTRUSTED)
    assert bad is not None and bad.rule == "write"
    assert policy.decide("memory:port", effect="pure", label=UNTRUSTED) is None
    assert policy.decide("memory:notes", effect="idempotent", label=KEPT) is None
    assert policy.decide("memory:notes", effect="idempotent", label=SECRET) is not None


def test_of_two_rules_the_stricter_counts() -> None:
    policy = Policy(on_influence="ask", on_outflow="refuse")
    found = policy.decide("tool:post", effect="once", label=KEPT)
    assert found is not None and (found.verdict, found.rule) == ("refuse", "outflow")


def test_a_peer_can_make_its_words_worse_and_only_a_believed_one_better() -> None:
    doubting = Policy()
    assert doubting.believed("mcp:files", CLEAN) == UNTRUSTED
    assert doubting.believed("mcp:files", PRIVATE) == KEPT
    assert doubting.believed("mcp:files", None) == UNTRUSTED
    trusting = Policy(believes=("mcp:fi*",))
    assert trusting.believed("mcp:files", PRIVATE) == PRIVATE
    assert trusting.believed("mcp:others", CLEAN) == UNTRUSTED


def test_a_policy_is_data_and_comes_back_from_it() -> None:
    policy = Policy(name="p", sources={"tool:*": PRIVATE}, acts={"tool:x": "ask"}, lifts=())
    assert Policy.of(policy.form()) == policy
    assert policy.with_(on_write="allow").on_write == "allow"
    assert OFF.decide("tool:pay", effect="once", label=SECRET | UNTRUSTED).verdict == "allow"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "form",
    [
        {"on_influence": "perhaps"},
        {"sources": {"pay": {}}},
        {"acts": {"tool": "ask"}},
        {"clears": {"tool:": "public"}},
        {"effects": ["sometimes"]},
        {"newer": 1},
    ],
)
def test_what_is_not_understood_is_refused(form: dict[str, object]) -> None:
    with pytest.raises(SetupError):
        Policy.of(form)
