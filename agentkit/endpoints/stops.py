"""Why a reply ended, in the words of the dialects and of the gateways between them.

A gateway that speaks one dialect often passes on the reason of another, so all are read alike.
"""

from __future__ import annotations

from agentkit.endpoints.dialect import NoAnswer
from agentkit.messages import JSON
from agentkit.model import Stop

STOPS: dict[str, Stop] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("complete", "completed", "finish"), "stop"),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use"), "tools"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(("max_length", "length_limit", "token_limit", "token_limit_reached"), "length"),
    **dict.fromkeys(("model_context_window_exceeded", "context_length_exceeded"), "length"),
    **dict.fromkeys(("content_filter", "content_filtered", "guardrail_intervened"), "refusal"),
    **dict.fromkeys(("safety", "image_safety", "recitation", "blocklist", "spii"), "refusal"),
    **dict.fromkeys(("prohibited_content", "model_armor", "sensitive", "refusal"), "refusal"),
}
"""In small letters."""
FAILED = {
    *("error", "error_toxic", "error_limit", "malformed_function_call", "malformed_tool_call"),
    *("unexpected_tool_call", "too_many_tool_calls", "network_error", "time_limit", "load"),
    *("insufficient_system_resource", "abort", "aborted", "cancelled", "failed", "timeout"),
}
"""What servers say instead of a reason when they broke off."""
NONE = ("", "null", "none", "finish_reason_unspecified")
"""What stands, in pieces of a stream, for no reason yet."""


def reason_of(value: JSON) -> str:
    """A reason in small letters, without the name of its enum; "" where there is none."""
    if not isinstance(value, str):
        return ""
    word = value.strip().lower().replace("-", "_").rpartition(".")[2]
    for prefix in ("finish_reason_", "stop_reason_"):
        word = word if word in NONE else word.removeprefix(prefix)
    return "" if word in NONE else word


def stop_of(reason: str) -> Stop:
    """Why the model stopped.

    Raises:
        NoAnswer: the server broke off.
    """
    if reason in FAILED:
        raise NoAnswer(f"it ended with the finish reason {reason!r}")
    return STOPS.get(reason, "other")
