"""Whether a row of the Berkeley leaderboard has the form that its checker reads.

It is looked at before anything is asked: a row of another form would be paid and could not be
judged. What no right call names, as the functions of rows about tools that do not fit, is only
asked for what a model is told of it.
"""

from __future__ import annotations

from typing import Any

from agentkit.evaluate.bfclcheck import KINDS

LISTS = ("array", "tuple")


def need(holds: bool, wrong: str) -> None:
    """Go on where something holds.

    Raises:
        ValueError: it does not; with what is wrong.
    """
    if not holds:
        raise ValueError(wrong)


def check_question(turns: Any) -> list[dict[str, Any]]:
    """Return the messages of a question's only turn.

    Raises:
        ValueError: it is of another form, or a talk of several turns.
    """
    need(isinstance(turns, list) and bool(turns), "its question is no list of turns")
    need(len(turns) == 1, "a talk of several turns")
    told: list[dict[str, Any]] = turns[0]
    need(isinstance(told, list) and bool(told), "its turn has no message")
    for one in told:
        said = isinstance(one, dict) and isinstance(one.get("content"), str)
        need(said, "a message without a content that is text")
    need(any(one["content"].strip() for one in told), "nothing is asked in it")
    return told


def check_functions(given: Any) -> dict[str, dict[str, Any]]:
    """Return the functions of a row by their names.

    Raises:
        ValueError: one is of another form.
    """
    need(isinstance(given, list), "its function is no list")
    found = {}
    for one in given:
        named = isinstance(one, dict) and isinstance(one.get("name"), str) and bool(one["name"])
        need(named, "a function without a name")
        about = one.get("parameters") or {}
        properties = about.get("properties", {}) if isinstance(about, dict) else None
        need(isinstance(properties, dict), f"{one['name']} has no parameters with properties")
        required = about.get("required") or []
        named = isinstance(required, list) and all(isinstance(name, str) for name in required)
        need(named, f"what {one['name']} requires is no list of names")
        found[one["name"]] = one
    return found


def check_truth(truth: Any, functions: dict[str, dict[str, Any]]) -> None:
    """See to it that the calls that are right can be compared with others.

    Raises:
        ValueError: one cannot.
    """
    need(isinstance(truth, list), "its ground_truth is no list of calls")
    for call in truth:
        need(isinstance(call, dict) and len(call) == 1, "a right call that is no {name: {...}}")
        [(name, allowed)] = call.items()
        need(name in functions, f"a right call of {name!s:.60}, which is none of its functions")
        need(isinstance(allowed, dict), f"the right call of {name} has no parameters")
        about = functions[name].get("parameters") or {}
        need("properties" in about or not allowed, f"{name} has no properties")
        for one, values in allowed.items():
            need(isinstance(values, list), f"what {one} of {name} may be is no list")
        for one, each in about.get("properties", {}).items():
            if one in allowed:
                check_values(f"{one} of {name}", each, allowed[one])


def check_values(what: str, about: Any, values: list[Any]) -> None:
    """See to it that values can be compared with those that are right for a parameter.

    Raises:
        ValueError: they cannot.
    """
    kind = about.get("type") if isinstance(about, dict) else None
    need(isinstance(kind, str) and kind in KINDS, f"{what} has no type that there is")
    inner = (
        about["items"].get("type") if kind in LISTS and isinstance(about.get("items"), dict) else ""
    )
    need(kind not in LISTS or inner in KINDS, f"the items of {what} have no type that there is")
    for one in values:
        if one != "" and (kind == "dict" or inner == "dict"):
            for each in one if kind in LISTS and isinstance(one, list) else [one]:
                lists = isinstance(each, dict) and all(isinstance(v, list) for v in each.values())
                need(lists, f"a right value of {what} is no object of lists")
