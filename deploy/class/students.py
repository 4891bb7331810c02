"""Keys, budgets and limits for a class, for LiteLLM's proxy; no database server is needed.

    python students.py add ada bo cy --budget 1.00 --rpm 20 --tpm 40000 > keys.csv
    python students.py list
    python students.py budget ada 2.00
    python students.py remove cy

Everything is in class.db next to this file ($CLASS_DB names another one): of each key only a hash,
and of each call who made it, when, what it cost, whether it failed, and a digest of what was asked.
What was said is not kept. `agentkit class class.db` shows it to a teacher.

LiteLLM imports this file, as proxy.yaml names it: `check` says who may call, with which budget and
limits, and LiteLLM enforces them; `books` enters what each call cost.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import secrets
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

PATH = Path(os.environ.get("CLASS_DB") or Path(__file__).with_name("class.db"))
TABLES = """
CREATE TABLE IF NOT EXISTS students (
    key TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, budget_usd REAL NOT NULL, rpm INT, tpm INT,
    spent_usd REAL NOT NULL DEFAULT 0, added REAL NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL,
    status TEXT NOT NULL, cost_usd REAL NOT NULL, tokens_in INT, tokens_out INT, took_s REAL,
    asked TEXT NOT NULL, error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS calls_by_name ON calls (name, id);
"""
_file: sqlite3.Connection | None = None


def opened() -> sqlite3.Connection:
    """The open file, made if it is not there; only its owner may read it."""
    global _file
    if _file is None:
        if not PATH.exists():
            os.close(os.open(PATH, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _file = sqlite3.connect(PATH, timeout=10, isolation_level=None, check_same_thread=False)
        _file.execute("PRAGMA journal_mode=WAL")
        _file.execute("PRAGMA synchronous=NORMAL")
        _file.executescript(TABLES)
    return _file


def hashed(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def digest(asked: Any) -> str:
    """What is kept of a request: equal for equal ones."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]


async def check(request: Any, api_key: str) -> Any:
    """Who calls, as LiteLLM is told: name, budget, limits, and what is spent.

    Raises:
        ProxyException: nobody has that key (401), or its budget is spent (400).
    """
    from litellm.proxy._types import ProxyException, UserAPIKeyAuth

    found = (
        opened()
        .execute(
            "SELECT name, budget_usd, rpm, tpm, spent_usd FROM students WHERE key=?",
            (hashed(api_key),),
        )
        .fetchone()
    )
    if found is None:
        raise ProxyException(
            message="This key is not of this class. Ask your teacher for one.",
            type="auth_error",
            param="api_key",
            code=401,
        )
    name, budget_usd, rpm, tpm, spent_usd = found
    if spent_usd >= budget_usd:
        # By the books, whatever LiteLLM remembers: its counters begin anew with each start.
        raise ProxyException(
            message=f"Budget has been exceeded! {name} spent {spent_usd:.6f} of"
            f" {budget_usd:.6f} USD.",
            type="budget_exceeded",
            param="api_key",
            code=400,
        )
    make_room()
    return UserAPIKeyAuth(
        api_key=api_key, key_alias=name, max_budget=budget_usd, rpm_limit=rpm, tpm_limit=tpm,
        spend=spent_usd,
    )  # fmt: skip


def make_room() -> None:
    """Let LiteLLM count for more than 200 keys at once, and for as long as calls may take.

    Its counters in memory are the items of caches of that size; one that is full drops some, and
    the limits of a large class are forgotten in mid-minute. What it has reserved of budgets it
    forgets after a minute, while calls of a busy class take longer.
    """
    from litellm.proxy import proxy_server

    reserved = proxy_server.spend_counter_cache
    reserved.update_cache_ttl(RESERVED_S, None)
    counting = (proxy_server.proxy_logging_obj.internal_usage_cache.dual_cache,
                proxy_server.user_api_key_cache, reserved)  # fmt: skip
    for cache in counting:
        kept = cache.in_memory_cache
        kept.max_size_in_memory = max(kept.max_size_in_memory, COUNTERS)


COUNTERS = 100_000
"""A student has a handful."""
RESERVED_S = 600.0
"""Longer than any call takes: proxy.yaml ends each after two minutes."""


def entered(kwargs: dict[str, Any], status: str, start: Any, end: Any) -> tuple[str, Any, float]:
    """Enter a call; the name, the key's token and the cost."""
    about = kwargs.get("standard_logging_object") or {}
    meta = (kwargs.get("litellm_params") or {}).get("metadata") or {}
    name = str(meta.get("user_api_key_alias") or "?")
    cost = float(kwargs.get("response_cost") or 0.0)
    error = str(kwargs.get("exception") or about.get("error_str") or "")[:300]
    took = (end - start).total_seconds() if hasattr(end - start, "total_seconds") else end - start
    row = (
        time.time(), name, str(meta.get("model_group") or kwargs.get("model") or ""), status, cost,
        int(about.get("prompt_tokens") or 0), int(about.get("completion_tokens") or 0), float(took),
        digest(kwargs.get("messages")), error if status == "failed" else "",
    )  # fmt: skip
    file = opened()
    file.execute("BEGIN IMMEDIATE")
    try:
        file.execute(
            "INSERT INTO calls (at, name, model, status, cost_usd, tokens_in, tokens_out, took_s,"
            " asked, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        file.execute("UPDATE students SET spent_usd=spent_usd+? WHERE name=?", (cost, name))
        file.execute("COMMIT")
    except BaseException:
        file.execute("ROLLBACK")
        raise
    return name, meta.get("user_api_key"), cost


def __getattr__(name: str) -> Any:
    """`books`, made when LiteLLM asks for it: the commands above need nothing but Python."""
    if name != "books":
        raise AttributeError(name)
    from litellm.integrations.custom_logger import CustomLogger

    class Books(CustomLogger):
        """Enters calls, and settles what LiteLLM reserved of a budget for them."""

        async def async_log_success_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            _, token, cost = entered(kwargs, "ok", start_time, end_time)
            # With a database LiteLLM does this itself.
            from litellm.proxy.proxy_server import increment_spend_counters

            meta = (kwargs.get("litellm_params") or {}).get("metadata") or {}
            await increment_spend_counters(
                token=token,
                team_id=None,
                user_id=None,
                response_cost=cost,
                budget_reservation=meta.get("user_api_key_budget_reservation"),
            )

        async def async_log_failure_event(
            self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
        ) -> None:
            entered(kwargs, "failed", start_time, end_time)

    made = globals()["books"] = Books()
    return made


def main(arguments: list[str] | None = None) -> int:
    """The commands of a teacher."""
    parser = argparse.ArgumentParser(description="Keys of a class.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make a key for each name; prints them once, as CSV")
    add.add_argument("names", nargs="+")
    add.add_argument("--budget", type=float, required=True, metavar="USD", help="of each")
    add.add_argument("--rpm", type=int, default=20, help="requests a minute of each")
    add.add_argument("--tpm", type=int, default=100_000, help="tokens a minute of each")
    budget = commands.add_parser("budget", help="give somebody another budget")
    budget.add_argument("name")
    budget.add_argument("usd", type=float)
    remove = commands.add_parser("remove", help="take a key away; what it did stays")
    remove.add_argument("name")
    commands.add_parser("list", help="who has a key, and what is left of it")
    given = parser.parse_args(arguments)
    file = opened()
    if given.command == "add":
        if not 0 < given.budget < 1e6 or given.rpm < 1 or given.tpm < 1:
            parser.error("a budget above 0 and limits from 1")
        out = csv.writer(sys.stdout)
        out.writerow(["name", "key"])
        for name in given.names:
            key = f"sk-{secrets.token_urlsafe(24)}"
            try:
                file.execute(
                    "INSERT INTO students VALUES (?, ?, ?, ?, ?, 0, ?)",
                    (hashed(key), name, given.budget, given.rpm, given.tpm, time.time()),
                )
            except sqlite3.IntegrityError:
                parser.error(f"{name} has a key already; remove it first")
            out.writerow([name, key])
        return 0
    if given.command == "list":
        for name, budget_usd, spent in file.execute(
            "SELECT name, budget_usd, spent_usd FROM students ORDER BY name"
        ):
            print(f"{name}\t{spent:.6f} of {budget_usd:.6f} USD")
        return 0
    if given.command == "budget":
        if not 0 < given.usd < 1e6:
            parser.error("a budget above 0; to let nobody ask any more, remove the key")
        changed = file.execute(
            "UPDATE students SET budget_usd=? WHERE name=?", (given.usd, given.name)
        )
    else:
        changed = file.execute("DELETE FROM students WHERE name=?", (given.name,))
    if not changed.rowcount:
        parser.error(f"nobody is called {given.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
