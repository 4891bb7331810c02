"""Fields of a request's body that connect passes on: those that APIs of these dialects know."""

from __future__ import annotations

from typing import TypedDict

from agentkit.messages import JSON


class Fields(TypedDict, total=False):
    """In the servers' own words, so that a type checker knows a name that was misspelt."""

    cache_control: JSON
    chat_template_kwargs: JSON
    container: JSON
    enable_thinking: JSON
    frequency_penalty: JSON
    grammar: JSON
    guided_choice: JSON
    guided_grammar: JSON
    guided_json: JSON
    guided_regex: JSON
    ignore_eos: JSON
    inference_geo: JSON
    keep_alive: JSON
    logit_bias: JSON
    logprobs: JSON
    mcp_servers: JSON
    metadata: JSON
    min_p: JSON
    min_tokens: JSON
    mirostat: JSON
    modalities: JSON
    models: JSON
    num_ctx: JSON
    options: JSON
    parallel_tool_calls: JSON
    plugins: JSON
    prediction: JSON
    presence_penalty: JSON
    prompt_cache_key: JSON
    prompt_cache_options: JSON
    prompt_cache_retention: JSON
    provider: JSON
    random_seed: JSON
    reasoning: JSON
    reasoning_format: JSON
    repetition_penalty: JSON
    route: JSON
    safe_prompt: JSON
    safety_identifier: JSON
    service_tier: JSON
    speed: JSON
    store: JSON
    think: JSON
    thinking: JSON
    thinking_budget: JSON
    top_a: JSON
    top_k: JSON
    top_logprobs: JSON
    transforms: JSON
    truncation: JSON
    typical_p: JSON
    usage: JSON
    user: JSON
    verbosity: JSON
    web_search_options: JSON
