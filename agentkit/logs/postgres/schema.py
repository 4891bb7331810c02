"""The tables of a log in Postgres: what SQLite's have, and columns that only a server needs."""

from __future__ import annotations

from typing import Any

from agentkit.errors import LogCorrupt, LogNewer
from agentkit.logs import chain

VERSION_1 = """
CREATE TABLE runs (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" UNIQUE NOT NULL,
    name text, actor text, status text NOT NULL, started double precision NOT NULL,
    ended double precision, origin text, events integer NOT NULL, calls integer NOT NULL,
    tokens_in bigint NOT NULL, tokens_out bigint NOT NULL, cost_usd double precision NOT NULL,
    unpriced integer NOT NULL, owner text NOT NULL, epoch integer NOT NULL,
    lease double precision NOT NULL, link bytea, head bytea, seal bytea, what text,
    place text, machine text
) WITH (fillfactor = 70);
CREATE TABLE events (
    rowid bigint GENERATED ALWAYS AS IDENTITY, run bigint NOT NULL, seq integer NOT NULL,
    at double precision NOT NULL, scope text NOT NULL, body text NOT NULL, mark bytea,
    PRIMARY KEY (run, seq)
);
CREATE TABLE messages (id bytea PRIMARY KEY, parent bytea, body text NOT NULL);
CREATE TABLE blobs (digest bytea PRIMARY KEY, data bytea NOT NULL);
CREATE TABLE erased (id bytea PRIMARY KEY, seal bytea NOT NULL, upto bigint NOT NULL DEFAULT 0);
CREATE TABLE chain (runs bigint NOT NULL, link bytea NOT NULL, since bigint NOT NULL,
    missing bigint NOT NULL, at double precision);
CREATE TABLE work (
    run bigint PRIMARY KEY, id text COLLATE "C" NOT NULL, actor text NOT NULL,
    share text NOT NULL DEFAULT '', priority integer NOT NULL DEFAULT 0,
    turn double precision NOT NULL, attempts integer NOT NULL DEFAULT 0,
    after double precision NOT NULL DEFAULT 0, reason text, state text NOT NULL DEFAULT 'open'
);
CREATE INDEX work_order ON work (actor, priority DESC, turn, run) WHERE state = 'open';
CREATE INDEX work_ids ON work (id);
CREATE TABLE shares (share text PRIMARY KEY, turn double precision NOT NULL);
"""
"""`runs` is changed with each commit: room in its pages keeps that off its indexes."""

VERSION_2 = """
ALTER TABLE agentkit ADD COLUMN needs integer;
CREATE TABLE workers (
    name text COLLATE "C" PRIMARY KEY, machine text, since double precision NOT NULL,
    seen double precision NOT NULL, slots integer NOT NULL, running integer NOT NULL,
    actors text[] NOT NULL
);
CREATE INDEX events_asking ON events (run) WHERE body LIKE '%"step":"person"%';
"""
"""Workers say that they are there; and runs that asked a person are found at once."""

VERSION_3 = """
CREATE TABLE budgets (share text PRIMARY KEY, usd double precision NOT NULL,
    granted double precision NOT NULL DEFAULT 0);
CREATE TABLE purses (share text NOT NULL, holder text COLLATE "C" NOT NULL,
    granted double precision NOT NULL, spent double precision NOT NULL,
    seen double precision NOT NULL, PRIMARY KEY (share, holder));
CREATE TABLE rates (name text PRIMARY KEY, per_s double precision NOT NULL,
    next double precision NOT NULL);
"""
"""What all workers may spend and ask together."""

MIGRATIONS = [VERSION_1, VERSION_2, VERSION_3]
"""One per schema version; a database of version n gets those from n on, in one transaction."""

NEEDS = [1, 1, 1]
"""By schema version, the oldest version whose code may go on working with its tables.

So two versions of workers serve one log while they are replaced: a migration that only adds
something leaves the older ones at work."""

TABLES = ("runs", "events", "messages", "blobs", "erased", "chain")

SQLITE = 4
"""The version of SQLite's schema whose tables mean the same; see agentkit.logs.schema."""


def version_of(connection: Any, schema: str) -> int:
    """The schema version of a log in a database, as far as we know it; 0 where there is none.

    Tables of a newer version that only has more than ours count as ours.

    Raises:
        LogCorrupt: tables of somebody else are there.
    """
    if has_table(connection, schema, "agentkit"):
        row = connection.execute(f'SELECT max(version) FROM "{schema}".agentkit').fetchone()
        version = int(row[0] or 0)
        if version > len(MIGRATIONS):
            query = f'SELECT max(coalesce(needs, version)) FROM "{schema}".agentkit'
            (needs,) = connection.execute(query).fetchone()
            return len(MIGRATIONS) if needs <= len(MIGRATIONS) else version
        return version
    if strange := [name for name in TABLES if has_table(connection, schema, name)]:
        raise LogCorrupt(
            f"The schema {schema} has a table {strange[0]}, and is no agentkit log.",
            todo="name another one: ?schema=... in the log's URL",
        )
    return 0


def has_table(connection: Any, schema: str, table: str) -> bool:
    """Whether there is such a table."""
    (oid,) = connection.execute("SELECT to_regclass(%s)", (f'"{schema}"."{table}"',)).fetchone()
    return oid is not None


def migrate(connection: Any, schema: str, url: str) -> None:
    """Make the tables, or bring them to the newest version; all of it or nothing.

    Runs may go on meanwhile: their writers wait for moments.

    Raises:
        LogNewer: it is newer. LogCorrupt: see `version_of`.
    """
    if check_version(version_of(connection, schema), url) == len(MIGRATIONS):
        return
    with connection.transaction():
        # One at a time: two processes may open a new log at once.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (schema,))
        version = check_version(version_of(connection, schema), url)
        if version == len(MIGRATIONS):
            return
        if not version:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            connection.execute(
                f'CREATE TABLE "{schema}".agentkit (version integer PRIMARY KEY, at timestamptz)'
            )
        for number, text in enumerate(MIGRATIONS[version:], version + 1):
            connection.execute(text)
            connection.execute("INSERT INTO agentkit (version, at) VALUES (%s, now())", (number,))
        for number in range(max(version + 1, 2), len(MIGRATIONS) + 1):
            values = (NEEDS[number - 1], number)
            connection.execute("UPDATE agentkit SET needs = %s WHERE version = %s", values)
        if not version:
            connection.execute("INSERT INTO chain VALUES (0, %s, 0, 0, NULL)", (chain.START,))


def check_version(version: int, url: str) -> int:
    """Return the version, if this agentkit knows it.

    Raises:
        LogNewer: it does not.
    """
    if version > len(MIGRATIONS):
        raise LogNewer(
            f"The log {url} was written by a newer agentkit: schema {version}.",
            expected=f"schema {len(MIGRATIONS)} or older",
            todo="update agentkit, or use another schema: ?schema=... in the log's URL",
        )
    return version
