from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from agentkit.endpoints import failures
from agentkit.endpoints.failures import Site
from agentkit.errors import (
    BadReply,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    Unreachable,
)

SITE = Site("openai:m", "http://host/v1/chat", "OPENAI_API_KEY", SecretStr("sk-secret-123"))


def error_body(message: str, **fields: Any) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        ("registry.ollama.ai/library/gemma:2b does not support tools", "tools"),
        ("No endpoints found that support tool use", "tools"),
        ("`tools` is not supported with this model", "tools"),
        ("tool calling is not supported with this model", "tools"),
        ("Function calling is not enabled for models/gemma-3-27b-it", "tools"),
        ('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser', "tools"),
        ("tools param requires --jinja flag", "tools"),
        ("Unsupported parameter: 'tools' is not supported with this model.", "tools"),
        ("This model does not support the tools parameter", "tools"),
        ("Unsupported parameter: 'tools'", "tools"),
        ("Unsupported value: 'temperature'", ""),
        ("the model does not support image input", "parts"),
        ("the tool call ids must be unique", ""),
        ("messages with role 'tool' must be a response to a preceding message", ""),
        ("Invalid schema for function 'pay': 'type' is not supported", ""),
    ],
)
def test_what_a_model_lacks_is_read_from_its_servers_words(words: str, lacks: str) -> None:
    error = failures.status_error(SITE, 400, {}, error_body(words))
    assert error.context["lacks"] == lacks
    assert ("prompted" in str(error)) is (lacks == "tools")


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (400, Rejected, "see its words"),
        (401, Rejected, "OPENAI_API_KEY"),
        (402, Rejected, "credit"),
        (403, Rejected, "OPENAI_API_KEY"),
        (404, Rejected, "model's name"),
        (408, Overloaded, "try later"),
        (409, Overloaded, "try later"),
        (413, Rejected, "shorter"),
        (418, Rejected, "418"),
        (422, Rejected, "see its words"),
        (429, RateLimited, "wait"),
        (500, Overloaded, "own trouble"),
        (529, Overloaded, "own trouble"),
        (301, Rejected, "redirect"),
        (204, BadReply, "204"),
    ],
)
def test_each_status_has_its_error_and_advice(
    status: int, kind: type[EndpointError], says: str
) -> None:
    error = failures.status_error(SITE, status, {}, error_body("the server's words"))
    assert type(error) is kind and error.status == status
    text = str(error)
    assert says in text and "http://host/v1/chat" in text and "expected:" in text
    if status >= 400:
        assert "the server's words" in text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "2s"}, 2.0),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "250 ms"}, 0.25),
        ({"retry-after": "3, 3"}, 3.0),
        ({"Retry-After": " 4 "}, 4.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00"}, 0.0),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_spellings(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = failures.status_error(SITE, 429, httpx.Headers(headers), b"")
    assert error.retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    header = {"retry-after": formatdate(time.time() + 30, usegmt=True)}
    error = failures.status_error(SITE, 429, header, b"")
    assert 28 <= error.retry_after_s <= 31


def test_an_empty_account_is_not_a_rate_limit() -> None:
    body = error_body("You exceeded your current quota", code="insufficient_quota")
    error = failures.status_error(SITE, 429, {}, body)
    assert type(error) is Rejected and not error.retryable


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "the words"}}',
        b'{"error": "the words"}',
        b'{"message": "the words"}',
        b'{"detail": [{"loc": ["body"], "msg": "the words"}]}',
        b'[{"error": {"message": "the words"}}]',
        b"the words",
        b"<html><head><TITLE>the words</TITLE></head><body>" + b"x" * 1000,
        b"<p>the <b>words</b></p>".replace(b"<b>", b"").replace(b"</b>", b""),
    ],
)
def test_the_servers_words_are_found_in_every_usual_shape(body: bytes) -> None:
    assert "answered 500: the words" in str(failures.status_error(SITE, 500, {}, body))


def test_words_are_bounded_on_one_line_and_without_the_key() -> None:
    body = error_body("bad key sk-secret-123\n\x1b[31m" + "long " * 1000)
    text = failures.status_error(SITE, 401, {}, body).what
    assert "sk-secret" not in text and "***" in text
    assert len(text) < 700 and text.isprintable()


def test_no_text_or_repr_holds_the_key() -> None:
    assert "sk-secret" not in repr(SITE) + str(SITE)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "busy"}, Overloaded),
        ({"type": "rate_limit_error", "message": "slow down"}, RateLimited),
        ({"type": "invalid_request_error", "message": "x"}, Rejected),
        ({"code": 429, "message": "slow down"}, RateLimited),
        ({"code": "rate_limit_exceeded", "message": "x"}, RateLimited),
        ({"code": "rate_limit_exceeded", "type": "tokens", "message": "x"}, RateLimited),
        ({"code": "429", "message": "x"}, RateLimited),
        ({"code": "insufficient_quota", "type": "rate_limit_error", "message": "x"}, Rejected),
        ({"code": "model_not_found", "type": "invalid_request_error", "message": "x"}, Rejected),
        ({"status": "UNAVAILABLE", "message": "x"}, Overloaded),
        ({"status": "RESOURCE_EXHAUSTED", "code": 8, "message": "x"}, RateLimited),
        ({"error": {"type": "overloaded_error"}}, Overloaded),
        ([{"code": 503}], Overloaded),
        ({"message": "Rate limit reached, try again in 2 s"}, RateLimited),
        ({"code": True, "message": "x"}, BadReply),
        ({"message": "what"}, BadReply),
        ("what", BadReply),
        (["what"], BadReply),
        (None, BadReply),
    ],
)
def test_an_announced_error_is_what_its_type_says(error: Any, kind: type[EndpointError]) -> None:
    assert type(failures.announced(SITE, error)) is kind


def test_a_web_page_is_called_one() -> None:
    page = b"\n<!DOCTYPE html><html><title>Sign in to the hotel</title>"
    text = str(failures.malformed(SITE, "it is not JSON", page))
    assert "web page" in text and "Sign in to the hotel" in text


def test_a_refused_connection_says_so_and_what_to_do() -> None:
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    found = failures.broken(SITE, error)
    assert isinstance(found, Unreachable) and "Connection refused" in found.what
    assert found.what.startswith("no connection to") and found.todo == SITE.start


@given(st.binary(max_size=60), st.integers(100, 999), st.text(max_size=20))
def test_any_refusal_is_an_endpoint_error(body: bytes, status: int, header: str) -> None:
    headers = {"retry-after": header, "location": header}
    error = failures.status_error(SITE, status, headers, body)
    assert isinstance(error, EndpointError) and len(str(error)) < 2000
    str(error).encode()
