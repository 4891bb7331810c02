"""The official conformance suite of the Model Context Protocol, against both of our sides.

Every check that fails is listed with the reason why it does not apply; one that is listed and
passes fails the test, so that the list stays true.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.protocols.conftest import HERE, PROGRAMS, environment

pytestmark = [pytest.mark.protocols, pytest.mark.timeout(900)]

TOOLS_ONLY = "a server of ours offers tools; resources and prompts are not served"
NO_LOG = "logging is deprecated since 2026-07-28, and not offered"
NO_MODEL = "sampling and roots are deprecated since 2026-07-28; no tool of ours asks a client so"
OWN_FORM = "a tool's question is one field, called answer; the suite wants a form of its own"
FIXTURE = "it wants a tool that asks for a capability by itself; ours leave that to agentkit"
TASKS = "tasks are an extension that is not offered"
SDK = "the official SDK refuses blanks around a header's value"

SERVER: dict[str, dict[str, str]] = {
    "2025-11-25": {
        "logging-set-level": NO_LOG,
        "tools-call-with-logging": NO_LOG,
        "completion-complete": TOOLS_ONLY,
        "tools-call-sampling": NO_MODEL,
        "elicitation-sep1034-defaults": OWN_FORM,
        "elicitation-sep1330-enums": OWN_FORM,
        "resources-list": TOOLS_ONLY,
        "resources-read-text": TOOLS_ONLY,
        "resources-read-binary": TOOLS_ONLY,
        "resources-templates-read": TOOLS_ONLY,
        "resources-subscribe": TOOLS_ONLY,
        "resources-unsubscribe": TOOLS_ONLY,
        "prompts-list": TOOLS_ONLY,
        "prompts-get-simple": TOOLS_ONLY,
        "prompts-get-with-args": TOOLS_ONLY,
        "prompts-get-embedded-resource": TOOLS_ONLY,
        "prompts-get-with-image": TOOLS_ONLY,
    },
    "2026-07-28": {
        "server-stateless": FIXTURE,
        "completion-complete": TOOLS_ONLY,
        "resources-list": TOOLS_ONLY,
        "resources-read-text": TOOLS_ONLY,
        "resources-read-binary": TOOLS_ONLY,
        "resources-templates-read": TOOLS_ONLY,
        "prompts-list": TOOLS_ONLY,
        "prompts-get-simple": TOOLS_ONLY,
        "prompts-get-with-args": TOOLS_ONLY,
        "prompts-get-embedded-resource": TOOLS_ONLY,
        "prompts-get-with-image": TOOLS_ONLY,
        "caching": TOOLS_ONLY,
        "input-required-result-basic-elicitation": OWN_FORM,
        "input-required-result-basic-sampling": NO_MODEL,
        "input-required-result-basic-list-roots": NO_MODEL,
        "input-required-result-multiple-input-requests": OWN_FORM,
        "input-required-result-capability-check": NO_MODEL,
        "input-required-result-non-tool-request": TOOLS_ONLY,
        "http-header-validation": SDK,
        "tasks-lifecycle": TASKS,
        "tasks-capability-negotiation": TASKS,
        "tasks-wire-fields": TASKS,
        "tasks-request-state-removal": TASKS,
        "tasks-mrtr-input": TASKS,
        "tasks-request-headers": TASKS,
        "tasks-dispatch-and-envelope": TASKS,
        "tasks-required-task-error": TASKS,
        "tasks-mrtr-composition": TASKS,
    },
}
"""Scenarios of a server that do not apply, or not wholly."""

INSIDE: dict[str, set[str]] = {
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability",
        "sep-2575-missing-capability-http-400",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "sep-2575-server-no-log-without-loglevel",
    },
    "caching": {
        "sep-2549-prompts-list-caching-hints",
        "sep-2549-resources-list-caching-hints",
        "sep-2549-resources-templates-list-caching-hints",
    },
    "http-header-validation": {"sep-2243-server-accepts-whitespace-header-value"},
}
"""Of a scenario that applies in part, the checks that do not."""

CLIENT = [
    "initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry",
    "request-metadata", "sep-2322-client-request-state", "http-standard-headers",
    "http-custom-headers", "http-invalid-tool-headers", "json-schema-ref-no-deref",
    "json-schema-2020-12-preservation", "auth/metadata-default", "auth/metadata-var1",
    "auth/metadata-var2", "auth/metadata-var3", "auth/basic-cimd",
    "auth/scope-from-www-authenticate", "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined", "auth/scope-step-up", "auth/scope-retry-limit",
    "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none", "auth/pre-registration",
    "auth/2025-03-26-oauth-metadata-backcompat", "auth/2025-03-26-oauth-endpoint-fallback",
    "auth/resource-mismatch", "auth/offline-access-scope", "auth/offline-access-not-supported",
    "auth/authorization-server-migration", "auth/iss-supported", "auth/iss-not-advertised",
    "auth/iss-supported-missing", "auth/iss-wrong-issuer", "auth/iss-unexpected",
    "auth/iss-normalized", "auth/metadata-issuer-mismatch",
]  # fmt: skip
"""Scenarios of a client, all of both eras but the extensions."""

CLIENT_NOT: dict[str, str] = {}
"""Of these, what does not apply."""


def failures(folder: Path) -> dict[str, dict[str, str]]:
    """The checks that failed, by scenario: their names, and what was said."""
    found: dict[str, dict[str, str]] = {}
    for path in folder.rglob("checks.json"):
        name = path.parent.relative_to(folder).as_posix().removeprefix("server-")
        scenario = (
            name.partition("-20")[0] if "-2026-" not in name else name.rpartition("-2026-")[0]
        )
        for check in json.loads(path.read_text()):
            if check["status"] == "FAILURE":
                said = str(check.get("errorMessage") or check.get("details") or "")
                found.setdefault(scenario, {})[check["id"]] = said
    return found


@pytest.mark.parametrize("revision", SERVER)
def test_a_server_of_ours(served: str, revision: str, tmp_path: Path) -> None:
    chosen = ["--requirements", revision] if revision == "2026-07-28" else []
    done = subprocess.run(
        [str(PROGRAMS / "conformance"), "server", "--url", served, "-o", str(tmp_path), *chosen],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    found, known = failures(tmp_path), SERVER[revision]
    assert "tools-list" in done.stdout
    unexpected = {name: checks for name, checks in found.items() if name not in known}
    assert unexpected == {}
    assert sorted(known.keys() - found.keys()) == []
    for name, checks in INSIDE.items():
        assert found.get(name, {}).keys() <= checks, name


@pytest.mark.parametrize("scenario", CLIENT)
def test_a_client_of_ours(scenario: str, tmp_path: Path) -> None:
    command = f"{sys.executable} {HERE / 'client.py'}"
    subprocess.run(
        [
            *(str(PROGRAMS / "conformance"), "client", "--command", command),
            *("--scenario", scenario, "-o", str(tmp_path), "--timeout", "60000"),
        ],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    checks = [one for path in tmp_path.rglob("checks.json") for one in json.loads(path.read_text())]
    failed = [f"{c['id']}: {c.get('errorMessage', '')}" for c in checks if c["status"] == "FAILURE"]
    assert checks
    assert bool(failed) == (scenario in CLIENT_NOT), failed
