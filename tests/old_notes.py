"""A note of each kind as logs have kept it: the class that it is now, its topic and its data.

What stands here is in people's logs. Add, never change.
"""

from __future__ import annotations

from agentkit.messages import JSON

OLD: list[tuple[str, str, JSON]] = [
    ("Adapted", "adapted", {"model": "m", "to": ["max_completion_tokens"]}),
    ("WrongArguments", "bad_arguments", {"actor": "a", "tool": "t", "wrong": "n: missing"}),
    ("BoundTo", "bound", {"name": "a", "type": "Report", "model": ""}),
    ("CallRefused", "budget", {"spent": 0.05, "refused": "m"}),
    ("CallRefused", "budget", {"spent": "unknown price", "refused": "m"}),
    ("Edited", "changed", {"step": "tariff", "key": "k", "performed": True}),
    ("Compared", "comparison", {"rows": [{"name": "a", "right": 1}]}),
    ("DefaultTaken", "default", {"actor": "a", "answer": "no", "reason": "nobody is here"}),
    ("DelegateFailed", "delegate_failed", {"actor": "a", "error": "it broke"}),
    ("Doubted", "doubt", {"steps": [{"step": "pay", "key": "k", "of": ["r", 4]}]}),
    ("AskedTwice", "duplicate", {"asks": [1], "won": [1], "reason": "slower than the others"}),
    ("Kept", "kept", {"step": "pay", "key": "k", "run": "r"}),
    ("CutOff", "length", {"actor": "a"}),
    ("LeftOut", "missing", {"1": "too late"}),
    ("Remembered", "recalled", {
        "memory": "notes", "query": "q", "untrusted": True,
        "hits": [{"id": "i", "score": 0.5, "parts": {"relevance": 0.5}, "text": "t"}],
    }),
    ("Redefined", "redefined", {"actor": "a"}),
    ("Refused", "refusal", {"actor": "a"}),
    ("Repaired", "repair", {"actor": "a", "wrong": "port: missing", "message": "m"}),
    ("Repaired", "repair", {"actor": "a", "wrong": "port: missing"}),
    ("Retried", "retry", {
        "model": "m", "attempt": 2, "error": "RateLimited", "text": "429", "wait_s": 0.3,
    }),
    ("UnknownTool", "unknown_tool", {"actor": "a", "tool": "fly", "call": "c"}),
    ("Unused", "unused", {"steps": 2}),
    ("Judged", "verdict", {"step": "pay", "key": "k", "of": ["r", 4], "happened": False}),
    ("Judged", "verdict", {
        "step": "pay", "key": "k", "of": ["r", 4], "happened": True, "result": {"paid": 3},
    }),
]  # fmt: skip
