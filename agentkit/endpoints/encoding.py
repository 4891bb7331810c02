"""What is sent as bytes: a request's body, and what a header may carry."""

from __future__ import annotations

import functools
import json
from typing import Any
from urllib.parse import quote

from agentkit.errors import SetupError

PLAIN = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"
"""What a header may carry besides letters and digits, without the percent sign itself."""
ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@functools.lru_cache(256)
def header_text(text: str) -> str:
    """A name as a header may carry it: percent-encoded (RFC 3986) where it is not plain ASCII."""
    return quote(text.encode("utf-8", "replace"), safe=PLAIN)


def encode(body: dict[str, Any]) -> bytes:
    """The body's JSON in UTF-8.

    Raises:
        SetupError: something in it is not JSON.
    """
    try:
        text = ENCODER.encode(body)
    except (TypeError, ValueError) as error:
        raise SetupError(
            f"the request cannot be written as JSON: {error}",
            expected="options, schemas and messages of JSON values",
            todo="look for a NaN or an object among the options and the output schema",
        ) from error
    return text.encode("utf-8", "replace")
