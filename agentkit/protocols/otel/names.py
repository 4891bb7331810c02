"""The names of OpenTelemetry's conventions for generative AI, as far as a log can fill them.

Source: the package opentelemetry-semantic-conventions 0.66b2, `gen_ai_attributes`; the conventions
themselves are in a repository of their own, open-telemetry/semantic-conventions-genai. How a
hand-off is told is open there (issues 98 and 447); here it is a link between the two agents' spans.
"""

from __future__ import annotations

from typing import Any

from agentkit.events import StepEnded, StepStarted, Usage

OPERATION = "gen_ai.operation.name"
AGENT = "gen_ai.agent.name"
WORKFLOW = "gen_ai.workflow.name"
CONVERSATION = "gen_ai.conversation.id"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
ANSWERED = "gen_ai.response.model"
FINISH = "gen_ai.response.finish_reasons"
OUTPUT = "gen_ai.output.type"
TOOL = "gen_ai.tool.name"
KIND = "gen_ai.tool.type"
ARGUMENTS = "gen_ai.tool.call.arguments"
RESULT = "gen_ai.tool.call.result"
SYSTEM = "gen_ai.system_instructions"
INPUT = "gen_ai.input.messages"
SAID = "gen_ai.output.messages"
QUERY = "gen_ai.retrieval.query.text"
ERROR = "error.type"

PROVIDERS = {
    "responses": "openai",
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "bedrock": "aws.bedrock",
    "xai": "x_ai",
    "vertex": "gcp.vertex_ai",
}
"""What the conventions call a provider that we call otherwise."""

REASONS = {"tools": "tool_calls", "refusal": "content_filter"}
"""What they call the end of a reply."""

OPTIONS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}

TOKENS = {
    "tokens_in": "gen_ai.usage.input_tokens",
    "tokens_out": "gen_ai.usage.output_tokens",
    "tokens_cached": "gen_ai.usage.cache_read.input_tokens",
    "tokens_written": "gen_ai.usage.cache_creation.input_tokens",
    "tokens_reasoning": "gen_ai.usage.reasoning.output_tokens",
}

READS = (".recall", ".search", ".query", ".read")
"""How the steps of a memory that only read are named."""


def model_of(name: str) -> tuple[str, str]:
    """Provider and model, of a model's name here: "openai:gpt-5-mini"."""
    provider, found, model = name.partition(":")
    if not found:
        return "agentkit", name
    return PROVIDERS.get(provider, provider), model


def span_of_step(step: StepStarted | StepEnded) -> tuple[str, dict[str, Any]]:
    """What a step's span is called, and what it says of what was asked."""
    match step.step:
        case "model":
            provider, model = model_of(step.name)
            return f"chat {model}", {OPERATION: "chat", PROVIDER: provider, MODEL: model}
        case "tool":
            found = {OPERATION: "execute_tool", TOOL: step.name, KIND: "function"}
            return f"execute_tool {step.name}", found
        case "remote":
            return f"invoke_agent {step.name}", {OPERATION: "invoke_agent", AGENT: step.name}
        case "memory" if step.name.endswith(READS):
            return f"retrieval {step.name}", {OPERATION: "retrieval"}
        case _:
            return f"{step.step} {step.name}", {}


def call_options(step: StepStarted) -> dict[str, Any]:
    """The options of a model call."""
    request = step.request if isinstance(step.request, dict) else {}
    given = request.get("options")
    options = given if step.step == "model" and isinstance(given, dict) else {}
    found = {OPTIONS[one]: value for one, value in options.items() if one in OPTIONS}
    found = {one: value for one, value in found.items() if isinstance(value, int | float)}
    return found | ({OUTPUT: "json"} if step.step == "model" and request.get("output") else {})


def end_words(step: StepEnded) -> dict[str, Any]:
    """How a step ended: what a model's reply cost, and why it stopped."""
    found: dict[str, Any] = {}
    if step.usage is not None and step.reused is None:
        found |= tokens(step.usage)
        if step.cost_usd is not None:
            found["agentkit.cost_usd"] = step.cost_usd
    if step.estimated:
        found["agentkit.estimated"] = True
    if step.doubt:
        found["agentkit.doubt"] = True
    if step.step == "model" and isinstance(step.result, dict):
        model, stop = step.result.get("model"), step.result.get("stop")
        if isinstance(model, str):
            found[ANSWERED] = model_of(model)[1]
        if isinstance(stop, str):
            found[FINISH] = [REASONS.get(stop, stop)]
    return found


def tokens(usage: Usage) -> dict[str, int]:
    """What was used; the parts of a sum only where there are some."""
    counts = {name: getattr(usage, field) for field, name in TOKENS.items()}
    always = (TOKENS["tokens_in"], TOKENS["tokens_out"])
    return {name: count for name, count in counts.items() if count or name in always}
