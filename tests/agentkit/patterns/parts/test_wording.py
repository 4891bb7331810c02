from __future__ import annotations

import pytest

from agentkit.patterns.parts.wording import reading

SAME = {
    "42": [
        "42",
        "It is 42.",
        "I say 42.",
        "the answer is \\boxed{42} of 50",
        "#### 42",
        "Answer: 42",
        "40 + 2 = 42, so there are 42.",
        "The sum is 42, not 40.",
        "Two and 40 makes 42.",
    ],
    "999": [
        "999 EUR",
        "€999",
        "EUR 999",
        "I checked it twice: the answer is 999 EUR.",
        "It is 999.",
        "I found the same in the ledger: 999 EUR.",
        "about 999 euros",
    ],
    "1250.5": ["1,250.50", "The dues are 1,250.50 EUR.", "1250.5"],
    "-5": ["-5", "−5 °C", "The temperature is -5."],
    "544.18": [
        "424.18 + 120 = 544.18, so the dues for 127 t in Briar are 544.18 EUR.",
        "The dues are 3.34 per t. For 127 t that is 424.18. Plus 120 makes 544.18.",
    ],
    "cinder": [
        "Cinder",
        "cinder",
        "**Cinder**!",
        "Cinder (245 EUR, against 120 EUR).",
        "It's Cinder.",
        "It is Cinder, 245 EUR against 120.",
        "The cheapest port is Cinder.",
        "Cinder, 245 EUR",
        "Cinder is the cheapest.",
        "I would choose Cinder.",
        "Briar costs 120 EUR for a day and Cinder 245, so Cinder.",
        "Cinder: it is 12 EUR cheaper.",
        "Final answer: Cinder",
        "It is Cinder. Its fee is 245 EUR.",
        "The cheapest port is Cinder, at 245 EUR.",
    ],
    "wim thorne": [
        "Wim Thorne",
        "The master of the Tern is Wim Thorne.",
        "Wim Thorne is her master.",
    ],
    "2026-03-12": [
        "2026-03-12",
        "12 March 2026",
        "March 12, 2026",
        "On the 12th of March, 2026.",
        "12.3.2026",
        "It was founded on 12 March 2026.",
    ],
    "1709": ["1709", "in 1709", "The port was founded in 1709."],
    "yes": ["Yes", "yes.", "Yes, it is open.", "The answer is yes."],
    "no": ["No", "No, 42 is too many.", "Answer: no"],
    "quay 7": ["Quay 7", "It is Quay 7."],
    "7": ["seven", "It is seven.", "7", "7."],
    "open": ["The harbour of Briar is open.", "open", "It is open."],
}


@pytest.mark.parametrize("value", SAME)
def test_the_same_answer_worded_differently_is_read_as_one(value: str) -> None:
    found = {text: one.value for text in SAME[value] if (one := reading(text))}
    assert found == dict.fromkeys(SAME[value], value)


def test_units_are_read_by_one_name_each() -> None:
    texts = ["30 m", "30 metres", "It is 30 meters.", "30 km", "$30", "30 dollars", "30%", "30"]
    units = [one.unit for text in texts if (one := reading(text))]
    assert units == ["m", "m", "m", "km", "usd", "usd", "%", ""]


def test_a_list_a_denial_and_nothing_are_no_value() -> None:
    fees = reading("Amber: 79.2 EUR; Briar: 100.2 EUR; Cinder: 96 EUR.")
    assert fees is not None and fees.value.startswith("amber: 79.2 eur briar")
    denied = reading("It is not Cinder.")
    assert denied is not None and denied.value == "not cinder"
    assert reading(" ... ") is None and reading("") is None
