"""A note of each kind as logs have kept it: the class that it is now, its topic and its data.

What stands here is in people's logs. Add, never change.
"""

from __future__ import annotations

from agentkit.messages import JSON

OLD: list[tuple[str, str, JSON]] = [
    ("GivenAnswer", "answer", {"text": "yes", "by": "ann", "words": "a good customer"}),
    ("AnsweredBy", "answered_by", {"by": "ann", "answer": "yes", "words": "a good customer"}),
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
    ("Decided", "hook", {
        "actor": "a", "hook": "cards", "point": "on_task", "decision": "refuse", "reason": "r",
    }),
    ("Kept", "kept", {"step": "pay", "key": "k", "run": "r"}),
    ("CutOff", "length", {"actor": "a"}),
    ("LeftOut", "missing", {"1": "too late"}),
    ("Remembered", "recalled", {
        "memory": "notes", "query": "q", "untrusted": True,
        "hits": [{"id": "i", "score": 0.5, "parts": {"relevance": 0.5}, "text": "t"}],
    }),
    ("Progressed", "progress", {"share": 0.4, "text": "page 4", "step": "k"}),
    ("Redefined", "redefined", {"actor": "a"}),
    ("Refused", "refusal", {"actor": "a"}),
    ("Repaired", "repair", {"actor": "a", "wrong": "port: missing", "message": "m"}),
    ("Repaired", "repair", {"actor": "a", "wrong": "port: missing"}),
    ("Retried", "retry", {
        "model": "m", "attempt": 2, "error": "RateLimited", "text": "429", "wait_s": 0.3,
    }),
    ("Shortened", "shortened", {"actor": "a", "memory": "desk", "limit_tokens": 8192}),
    ("UnknownTool", "unknown_tool", {"actor": "a", "tool": "fly", "call": "c"}),
    ("Unused", "unused", {"steps": 2}),
    ("Judged", "verdict", {"step": "pay", "key": "k", "of": ["r", 4], "happened": False}),
    ("Judged", "verdict", {
        "step": "pay", "key": "k", "of": ["r", 4], "happened": True, "result": {"paid": 3},
    }),
    ("Absent", "absent", {"bo": "TimedOut: no reply"}),
    ("Announced", "announce", {
        "task": "q", "to": ["a", "b"], "eligible": None, "wanted": "tools", "deadline_s": 3.0,
    }),
    ("Announced", "announce", {
        "task": "q", "to": ["a"], "eligible": "any", "wanted": None, "deadline_s": 3,
    }),
    ("Rated", "panel", {
        "winner": "a", "ballots": {"a": None}, "raters": ["r"], "scores": {"a": [3]},
        "means": {"a": 3}, "alpha": 1, "reason": "r",
    }),
    ("AskedBack", "asked_back", {"phase": "p", "turn": 1, "by": "a", "reason": "which?"}),
    ("BestChosen", "best", {
        "winner": "sample 1", "scores": {"sample 1": 0.5}, "missing": [], "reason": "highest",
    }),
    ("BidsOpened", "bids", {
        "bids": {"a": {"cost": 3.0, "reason": "r"}}, "silent": {"b": "late"}, "reason": "all",
    }),
    ("Breached", "breach", {"by": "a", "reason": "it broke"}),
    ("GraphChecked", "check", {"kind": "unreachable", "actors": ["a"], "reason": "nobody asks a"}),
    ("Contracted", "award", {"to": "a", "bid": {"cost": 3.0}, "reason": "lowest"}),
    ("Delegated", "delegated", {"calls": [{"to": "a"}], "never": ["b"], "reason": "r"}),
    ("Disagreed", "disagreement", {"alpha": 0.2, "reason": "below 0.8"}),
    ("DocumentRefused", "check", {"type": "Plan", "by": "a", "trial": 0, "reason": "empty"}),
    ("DocumentWritten", "document", {
        "type": "Plan", "by": "a", "reads": ["Task"], "value": {"x": 1}, "reason": "r",
    }),
    ("Escalated", "escalate", {"from": "a", "to": "head", "reason": "beyond its limits"}),
    ("FannedOut", "fan_out", {"actor": "a", "items": 3}),
    ("FellBack", "fallback", {"from": "a", "to": "b", "reason": "no turns left"}),
    ("FellBack", "fallback", {"to": "majority", "reason": "no budget left"}),
    ("FlowDeclared", "flow", {
        "actors": [["a", "agent", "m"], ["b", "agent", None]], "edges": [["a", "b", "", False]],
    }),
    ("HandedOver", "handoff", {"from": "a", "to": "b", "reason": "it is code"}),
    ("Isolated", "isolated", {"round": 1, "reason": "no region can be reached"}),
    ("JobDelegated", "delegated", {"job": "j", "calls": [{"to": "a"}], "reason": "r"}),
    ("JobDone", "job", {"job": "j", "reason": "a table"}),
    ("JobRefused", "guardrail", {"job": "j", "trial": 0, "reason": "no table"}),
    ("JudgeChose", "judge", {"winner": "a", "reason": "it is the only answer"}),
    ("JudgeChose", "judge", {
        "winner": None, "winners": ["a", "b"], "ballots": {"a": "4", "b": None}, "reason": "r",
        "tie": "the order shown decided",
    }),
    ("Looped", "loop", {"loop": "l", "round": 1, "again": True, "reason": "1 of 3 rounds"}),
    ("MessagesCounted", "messages", {"sent": 4, "all_pairs": 12, "reason": "r"}),
    ("PartialAnswer", "partial", {"round": 2, "reason": "no budget left"}),
    ("PartialAnswer", "partial", {
        "partial": True, "done": {"a": "4"}, "missing": ["b"], "reason": "TimedOut: no reply",
    }),
    ("Partitioned", "partition", {"round": 1, "cut": ["a"], "reason": "no link to the top"}),
    ("PhaseDone", "phase", {
        "phase": "p", "solution": "s", "agreed": True, "turns": 2, "reason": "a accepted it",
    }),
    ("PlanFlawed", "plan.flaw", {"reason": "step 2 needs itself"}),
    ("Planned", "plan", {
        "steps": [{"id": 1, "task": "look", "needs": [], "actor": "a"}], "trial": 0,
    }),
    ("ProgressJudged", "progress_ledger", {
        "is_request_satisfied": {"reason": "r", "answer": False},
        "is_in_loop": {"reason": "r", "answer": False},
        "is_progress_being_made": {"reason": "r", "answer": True},
        "next_speaker": {"reason": "r", "answer": "a"},
        "instruction_or_question": {"reason": "r", "answer": "look"}, "stalls": 0,
    }),
    ("QuorumMet", "quorum", {
        "winner": "4", "by": "a", "ballots": {"a": "4"}, "sums": {"4": 1.0}, "reason": "1 of 1",
    }),
    ("Rated", "panel", {
        "winner": "a", "ballots": {"a": "4"}, "raters": ["r"], "scores": {"a": [3.0, None]},
        "means": {"a": 3.0}, "alpha": None, "reason": "the highest mean, 3",
    }),
    ("Reconciled", "reconcile", {
        "round": 2, "region": "a", "reports": ["r"], "reason": "the link is back",
    }),
    ("Replanned", "replan", {"reason": "2 stalled rounds", "resets": 1}),
    ("Replanned", "replan", {"reason": {"look": "it broke"}}),
    ("Reviewed", "review", {"round": 1, "correct": False, "feedback": "too short"}),
    ("Reviewed", "review", {"round": 1, "correct": None, "feedback": ["a"], "by": "a team"}),
    ("RoundHeld", "debate", {"round": 1, "answers": {"a": "4", "b": None}, "changed": ["a"]}),
    ("Routed", "route", {"to": "a", "reason": "it is code"}),
    ("Routed", "route", {"from": "a", "to": ["b"], "not": ["c"], "reason": "good"}),
    ("Sold", "award", {
        "winner": "a", "price": 3.0, "bids": {"a": 3.0}, "rule": "second", "reason": "highest",
    }),
    ("Sold", "award", {
        "winner": None, "price": None, "bids": {}, "rule": "first", "reason": "nobody",
    }),
    ("SpeakerChosen", "speaker", {"speaker": "a", "reason": "next in order", "turns": {"a": 1}}),
    ("StepMoved", "step", {"id": 1, "actor": "a", "status": "running"}),
    ("StepMoved", "step", {"id": 1, "actor": "a", "status": "ok", "answer": "4"}),
    ("StepMoved", "step", {"id": 1, "actor": "a", "status": "failed", "reason": "it broke"}),
    ("Stopped", "stop", {"round": 2, "reason": "no rounds left"}),
    ("Stopped", "stop", {"reason": "done", "rounds": 2, "resets": 0}),
    ("Stopped", "stop", {"trial": 2, "reason": "success"}),
    ("Stopped", "stop", {"by": "a", "handoffs": 2, "reason": "a answers"}),
    ("Stopped", "stop", {"reason": "done", "turns": 4, "never_spoke": ["c"]}),
    ("Superstep", "superstep", {"number": 1, "nodes": ["a"], "waiting": []}),
    ("TaskLedgerWritten", "task_ledger", {"facts": "f", "plan": "p", "resets": 0}),
    ("TaskSplit", "split", {"parts": ["x", "y"], "workers": ["a", "b"]}),
    ("Tried", "trial", {"number": 1, "reflections": 0, "passed": False, "feedback": "wrong"}),
    ("Unrouted", "unrouted", {"said": "Bob", "reason": "nobody is called that"}),
    ("Unselected", "unselected", {"said": "Bob", "reason": "nobody is called that"}),
    ("Unselected", "unselected", {"reason": "BadOutput: it fits no type"}),
    ("Voted", "vote", {
        "winner": "4", "by": "a", "ballots": {"a": "4", "b": "5"}, "sums": {"4": 1.0, "5": 1.0},
        "reason": "tie at 1 of 2, first in order", "tie": ["4", "5"],
    }),
    ("Answered", "answered", {"queue": "q", "by": "a", "run": "r"}),
    ("AskedBy", "asked_by", {
        "queue": "q", "letter": "l", "from": {"run": "r", "actor": "a", "step": "k"},
    }),
    ("AskedBy", "asked_by", {"queue": "q", "letter": "l", "from": None}),
    ("Compacted", "compacted", {
        "memory": "m", "gauge": {"used": 3, "window": 9}, "entries": [], "ids": ["i"],
        "moved": [{"id": "i", "part": "user", "text": "t", "tokens": 3}], "before": 12,
        "after": 3, "summary": "s",
    }),
    ("Consolidation", "consolidated", {"memory": "m", "merged": 1, "extracted": 2, "refused": 0,
                                       "stopped": "The budget is spent."}),
    ("Dangling", "dangling", {"memory": "m", "insight": "i", "because": [9], "kept": False}),
    ("DeadLetter", "dead_letter", {
        "channel": "c", "id": "l", "reason": "given up", "deliveries": 5,
    }),
    ("Dropped", "dropped", {"subject": "s", "count": 2, "reason": "lost on its way"}),
    ("Evicted", "evicted", {
        "memory": "m", "gauge": {"used": 3, "window": 9}, "entries": [{"id": "i"}], "ids": ["i"],
        "moved": [{"id": "i"}], "before": 12, "after": 3, "summary": "s",
    }),
    ("HeardTwice", "duplicate", {"subject": "s", "count": 1}),
    ("KeptMeanwhile", "conflict", {"memory": "m", "what": "another ask was kept in between"}),
    ("LostUpdate", "lost_update", {
        "board": "b", "n": 3, "key": "k", "replica": "r", "by": "a", "value": 4, "winner": 5,
        "winner_by": "b", "seq": 9,
    }),
    ("Merged", "merged", {"board": "b", "key": "k", "replica": "r", "values": [1, 2], "value": 3}),
    ("PagedIn", "paged_in", {
        "memory": "m", "gauge": {"used": 3, "window": 9}, "entries": [], "query": "q",
        "moved": [{"id": "i"}], "untrusted": True,
    }),
    ("PagedIn", "paged_in", {"memory": "m", "query": "q", "moved": [], "untrusted": True}),
    ("Pressure", "pressure", {"memory": "m", "gauge": {"used": 8, "window": 9}, "entries": []}),
    ("Redelivered", "redelivered", {"channel": "c", "id": "l", "delivery": 2}),
    ("Redirected", "redirected", {"board": "b", "key": "k", "replica": "r", "from": "s"}),
    ("NotReranked", "not_reranked", {"memory": "m", "reason": "It was busy."}),
    ("Reflected", "reflected", {"memory": "m", "questions": ["q"], "insights": ["i"]}),
    ("SentAgain", "retried", {"channel": "c", "id": "l", "attempts": 2}),
    ("SentTwice", "duplicate", {"channel": "c", "id": "l"}),
    ("SiblingsKept", "siblings", {
        "board": "b", "key": "k", "replica": "r", "versions": [{"n": 1, "by": "a", "value": 4}],
    }),
    ("StaleRead", "stale_read", {
        "board": "b", "key": "k", "replica": "r", "behind": 2, "value": None,
    }),
    ("WaitedForRoom", "waited", {"channel": "c", "id": "l", "waited_s": 0.5, "limit": 3}),
    ("WindowFilled", "window", {
        "memory": "m", "gauge": {"used": 3, "window": 9}, "entries": [{"id": "i", "tokens": 3}],
    }),
    ("WriteRefused", "conflict", {
        "board": "b", "key": "k", "based_on": [3], "told": "somebody wrote",
    }),
    ("DeadLettered", "given_up", {"attempts": 5, "reason": "its worker ended"}),
    ("Switched", "breaker", {
        "model": "m", "state": "open", "failures": 5, "open_s": 1.0, "error": "Overloaded",
    }),
    ("Switched", "breaker", {"model": "m", "state": "closed"}),
    ("Reused", "cache", {"model": "m", "age_s": 3.0, "saved_tokens": 5, "saved_usd": 0.1}),
    ("CacheFailed", "cache", {"path": "p", "error": "e"}),
    ("FellBackTo", "fallback.model", {"model": "m", "to": "n", "error": "TimedOut", "text": "t"}),
    ("Hedged", "hedge", {
        "model": "m", "after_s": 1.5, "won": "second", "lost": "cancelled", "lost_tokens": 5,
        "lost_usd": 0.1,
    }),
    ("NotHedged", "hedge", {"model": "m", "after_s": 1.5, "why": "budget"}),
    ("Slowed", "limit", {"model": "m", "pause_s": 2.0, "rate": 42.0}),
    ("Queued", "queue", {"model": "m", "wait_s": 0.5, "cause": "limit"}),
    ("RetryRefused", "retry_budget", {"model": "m", "error": "Overloaded"}),
    ("CallMended", "tools.mended", {"model": "m", "wrong": "You said nothing."}),
    ("ToolsPrompted", "tools.prompted", {"model": "m"}),
    ("Raised", "cascade", {"from": "a", "to": "b", "reason": "r"}),
    ("Taken", "cascade", {"taken": "b", "stage": 2, "stages": 2}),
    ("Skipped", "skipped", {"skipped": {"3": "r"}, "downgraded": ["1"], "budget_usd": 0.5}),
    ("TrialScored", "trial.scored", {
        "question": "q1", "seed": 1, "right": True, "run_id": "r",
        "scores": {"exact": {"value": 1.0, "passed": True}},
    }),
    ("TrialsScored", "trials.scored", {"trials": [{
        "question": "q1", "seed": 1, "right": True, "run_id": "r",
        "scores": {"exact": {"value": 1.0, "passed": True}},
    }]}),
    ("TrialsDone", "trials.done", {"trials": [{
        "key": "k", "run_id": "r", "calls": 1, "cost_usd": 0.1, "tokens": 12, "text": "4",
        "status": "answered", "error": "", "latency_s": 0.5, "models": ["m"],
    }]}),
    ("TrialsStopped", "trials.stopped", {
        "reason": "The budget is spent.",
        "begun": [{"question": "q1", "seed": 1, "run_id": "r", "calls": 1, "cost_usd": 0.1}],
    }),
    ("JudgementMissing", "failures.unread", {
        "judge": "j", "trial": "r", "made_of": "m", "reason": "BadOutput: no mode 9.", "attempt": 1,
    }),
    ("Governed", "policy", {"name": "p", "on_influence": "ask"}),
    ("Labelled", "label", {
        "integrity": "untrusted", "confidentiality": "private", "source": "mcp:s", "step": "k",
    }),
    ("Lifted", "label.lifted", {"kinds": ["number"]}),
    ("Ruled", "trust", {
        "policy": "p", "verdict": "ask", "rule": "influence", "step": "tool:pay", "actor": "a",
        "reason": "r", "key": "k", "integrity": "untrusted", "confidentiality": "public",
        "sources": ["tool:read"], "path": [["run", 7]], "way": ["a read tool:read"],
        "allowed": False,
    }),
    ("AllowanceLow", "allowance", {"model": "m", "budget_usd": 1.0, "left_usd": 0.05}),
    ("AnswerChecked", "checked", {
        "statement": "ab", "of": "a", "by": "b", "how": "rule", "passed": False, "reason": "r",
    }),
    ("Approved", "approved", {"statement": "ab", "of": "a", "by": ["b"], "attempt": 2}),
    ("Withheld", "quarantine", {
        "statement": "ab", "of": "a", "reasons": ["r"], "instead": "c",
    }),
    ("Cut", "cut", {
        "model": "m", "attempts": 2, "tokens": 900, "by": "longest reply", "cost_usd": 0.1,
    }),
    ("RemoteTask", "remote.task", {"agent": "a", "url": "http://h", "task": "t", "context": "c"}),
    ("RemoteAsked", "remote.asked", {
        "agent": "a", "task": "t", "question": "q", "text": "Which?", "options": ["yes", "no"],
    }),
    ("RemoteSaid", "remote.said", {"agent": "a", "text": "looking"}),
    ("Received", "a2a.received", {
        "message": "m", "context": "c", "owner": "ann", "after": "t", "metadata": {"k": 1},
    }),
    ("Withdrawn", "a2a.withdrawn", {"owner": "ann"}),
    ("Required", "require", {"rules": ["never pay"]}),
    ("Breach", "rule.broken", {"rule": "never pay", "why": "w", "step": "pay"}),
    ("Vacuous", "rule.vacuous", {"rule": "never pya", "what": "pya", "near": ", but pay"}),
    (
        "Averaged",
        "averaged",
        {"round": 1, "members": 3, "numbers": 18, "moved": 0.5},
    ),
    ("Played", "played", {"round": 1, "moves": {"a": "cooperate"}, "payoffs": {"a": 3.0}}),
    ("Forfeited", "forfeit", {"player": "a", "round": 1, "move": "defect"}),
    ("Slipped", "slip", {"player": "a", "round": 1, "meant": "cooperate", "did": "defect"}),
    ("DocumentEdited", "document.edited", {"stage": "plan", "basis": "d", "text": "1. modulo"}),
    ("Unasked", "model.unused", {"agents": ["critic"]}),
]  # fmt: skip
