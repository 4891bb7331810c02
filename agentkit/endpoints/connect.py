"""connect(name): a model from its name. Nothing is sent, started or paid before the first call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import httpx
from pydantic import SecretStr

from agentkit.endpoints import keys, prices
from agentkit.endpoints.address import hidden
from agentkit.endpoints.choices import check_all_known, headers_of, options
from agentkit.endpoints.clients import CONNECT_S, Phases
from agentkit.endpoints.endpoint import Endpoint
from agentkit.endpoints.fields import Fields
from agentkit.endpoints.finding import EXPECTED, TODO, find
from agentkit.endpoints.providers import DIALECTS, PROVIDERS
from agentkit.errors import SetupError, UnknownModel, safe_repr
from agentkit.messages import JSON
from agentkit.model import Effort, Model
from agentkit.reliability.retry import retry

if TYPE_CHECKING:
    from agentkit.endpoints.local import LocalEndpoint
    from agentkit.endpoints.prompted.model import Tooling
    from agentkit.reliability.breaker import Breaker
    from agentkit.reliability.cache import Cache
    from agentkit.reliability.hedge import Hedge
    from agentkit.reliability.limit import Limit
    from agentkit.reliability.retrybudget import RetryBudget
    from agentkit.reliability.timeouts import Timeouts

DEFAULT = "sim:careful"

TYPED = (
    "temperature", "top_p", "stop", "seed", "max_tokens", "reasoning_effort", "tool_choice",
)  # fmt: skip
"""Options that a request may set itself."""
PROTECTING = (
    "retry_budget", "timeouts", "fallback", "on_refusal", "cache", "hedge", "limit",
    "concurrency", "breaker",
)  # fmt: skip
"""Options that put a wrapper around the endpoint."""


def connect(
    name: str | None = None,
    *,
    base_url: str | None = None,
    api_key: str | SecretStr | None = None,
    timeout_s: float | None = None,
    retries: int = 3,
    temperature: float | None = None,
    top_p: float | None = None,
    stop: str | Sequence[str] | None = None,
    seed: int | None = None,
    max_tokens: int | None = None,
    reasoning_effort: Effort | None = None,
    tool_choice: str | None = None,
    headers: Mapping[str, str | SecretStr] | None = None,
    extra_body: Mapping[str, JSON] | None = None,
    price: tuple[float, float] | None = None,
    prompt_cache: bool | Literal["5m", "1h"] | None = None,
    dialect: Literal["openai", "responses", "anthropic"] | None = None,
    tools: Tooling | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    retry_budget: RetryBudget | float | bool = False,
    timeouts: Timeouts | None = None,
    fallback: str | Model | Sequence[str | Model] = (),
    on_refusal: bool = False,
    cache: Cache | str | Path | bool = False,
    hedge: Hedge | float | bool = False,
    limit: Limit | float | bool = False,
    concurrency: int | None = None,
    breaker: Breaker | int | bool = False,
    **fields: Unpack[Fields],
) -> Model:
    """Make a model; nothing is sent, started or paid before it is first asked.

    Args:
        name: "sim:careful", "openai:MODEL", "responses:MODEL", "anthropic:MODEL",
            "azure:DEPLOYMENT", "ollama:MODEL" and others of PROVIDERS, "local:smollm2-135m" or
            "local:/path/to/model.gguf", or the model's own name with a base_url. Without one
            $AGENTKIT_MODEL, else "sim:careful": a key lying around never spends money by itself.
        base_url: of any server that speaks the dialect, most end in /v1; a query is kept.
            Else the provider's own variable ($OPENAI_BASE_URL, $AZURE_OPENAI_ENDPOINT, ...),
            or $AGENTKIT_BASE_URL for a name without a provider.
        api_key: else the provider's variable, or $AGENTKIT_API_KEY with a base_url, from the
            environment or .env; kept as a secret. An address that stands in .env gets no key
            from elsewhere.
        timeout_s: seconds of silence after which a call is given up, by default 60, and 600
            for a local model. Connecting has 5 s; a reply that keeps coming may take ten times
            as long.
        retries: how often a failed call is repeated, where the failure allows it.
        temperature: used where a request leaves it open, as all options down to tool_choice.
        top_p: of the probability, from which tokens are drawn.
        stop: a text, or several, at which the reply ends.
        seed: for servers that know one.
        max_tokens: of the reply; one that is cut by it says so, or is an error.
        reasoning_effort: "none", "minimal", "low", "medium", "high", "xhigh" or "max".
        tool_choice: "auto", "none", "required", or a tool's name; a call that it demands is
            demanded once after each message of the user.
        headers: further headers of every call, kept as secrets.
        extra_body: further fields of the request body, in the server's own words.
        price: USD per million tokens (in, out); overrides the list price.
        prompt_cache: whether an Anthropic endpoint keeps the beginnings of prompts, for five
            minutes or "1h": of every request (True), of none (False), or of those where it is
            likely to pay (None), with tools and in conversations. Others do so by themselves.
        dialect: what the server speaks; by default that of the provider, else "openai", which is
            Chat Completions. "responses" is OpenAI's newer API: connect("responses:MODEL").
        tools: "native" for the model's own tool calls, "prompted" to ask for them in words, bound
            to a schema where the endpoint can do that. By default native, where the model is
            not known to have none, or says so (Ollama's and local models).
        transport: an httpx transport instead of the shared one, for tests.
        retry_budget: how many retries all who use the endpoint here have, for each call.
        timeouts: Timeouts(connect_s, first_s, between_s, turn_s) of the parts of a call.
        fallback: models, or names for connect, that are asked in order where this one fails.
        on_refusal: whether they are asked also where it refuses, or a filter withholds its reply.
        cache: keep replies at temperature 0 on disk: True, the path of a file, or a Cache.
        hedge: ask a second time what takes unusually long: True, seconds, or a Hedge.
        limit: requests per minute, or a Limit; True adapts to what the endpoint says.
        concurrency: calls under way at once, by all who use the endpoint here.
        breaker: leave the endpoint alone while it keeps failing: True, after how many failures in
            a row, or a Breaker.
        **fields: well-known fields of the body (top_k, presence_penalty, ...), as in extra_body.

    Raises:
        UnknownModel: no provider or simulated model is called that.
        MissingKey: its API key is neither given nor in the environment or .env.
        SetupError: an option is unknown, out of range, or holds a key.
    """
    # From here on no frame of a traceback shows a key.
    base, key, headers = hidden(base_url), hidden(api_key), headers_of(headers)
    del base_url, api_key
    return connected_model(base, key, headers, {**locals()})


def connected_model(
    base: SecretStr | None,
    key: SecretStr | None,
    headers: Mapping[str, SecretStr],
    given: Mapping[str, Any],
) -> Model:
    """The model of what connect was given, by its names."""
    timeout_s, retries, price = given["timeout_s"], given["retries"], given["price"]
    check_options(timeout_s, retries, price, given["dialect"], given["tools"])
    check_all_known(*given["fields"])
    endpoint = find(chosen(given["name"]), base, key, given["dialect"], headers)
    typed = {name: given[name] for name in TYPED}
    endpoint.options = options(typed, given["extra_body"], given["fields"], endpoint.dialect)
    here = of_this_machine(endpoint)
    if here is not None:
        here.bind_length()
    endpoint.timeout_s = float(timeout_s or endpoint.timeout_s)
    if given["transport"] is not None:
        endpoint.transport = checked_transport(given["transport"])
    keep_prompts(endpoint, given["prompt_cache"])
    endpoint.price = endpoint.price if price is None else prices.per_million(*price)
    wanted = {name: given[name] for name in PROTECTING}
    if any(one is not None and one is not False and one != () for one in wanted.values()):
        model = protected(endpoint, retries, wanted)
    else:
        model = retry(endpoint, attempts=retries + 1) if retries else endpoint
    return with_tools(model, endpoint, given["tools"])


def of_this_machine(endpoint: Endpoint) -> LocalEndpoint | None:
    """The endpoint, if it is a model on this machine: what serves one is loaded by who has one."""
    if not endpoint.name.startswith("local:"):
        return None
    from agentkit.endpoints.local import LocalEndpoint

    return endpoint if isinstance(endpoint, LocalEndpoint) else None


def with_tools(model: Model, endpoint: Endpoint, tools: Tooling | None) -> Model:
    """The model, with tools where it has none of its own."""
    here = of_this_machine(endpoint)
    if tools == "native" and here is not None and here.weights.small:
        raise SetupError(
            f"{endpoint.name} has no tool calls of its own: its chat template would drop the tools",
            expected='tools="prompted", or nothing, which is the same',
        )
    may_lack = here is not None or endpoint.name.startswith("ollama:")
    if tools == "native" or (tools is None and not may_lack):
        return model
    from agentkit.endpoints.prompted.model import Prompted

    native = None if tools == "prompted" else perhaps if here is None else here.native_tools
    tiny = here is not None and here.tiny
    likely = here.goes_on if here is not None and tiny else None
    return Prompted(model, tiny=tiny, native=native, likely=likely)


async def perhaps() -> bool:
    """That a model may have tools; it says itself if it has none."""
    return True


def keep_prompts(endpoint: Endpoint, wish: Any) -> None:
    """Set whether the endpoint keeps beginnings of prompts."""
    if wish is None:
        return
    if wish not in (True, False, "5m", "1h") or endpoint.dialect.marked is None:
        raise SetupError(
            f"prompt_cache={safe_repr(wish)}",
            expected='True, False, "5m" or "1h", with an endpoint in the dialect "anthropic"',
            todo="leave it out: OpenAI's endpoints keep prompts by themselves",
        )
    endpoint.prompt_cache = wish
    provider = PROVIDERS.get(endpoint.name.partition(":")[0])
    if wish == "1h" and provider is not None and endpoint.price is not prices.unknown:
        endpoint.price = prices.listed(provider.listed, endpoint.model, hour=True)


def protected(endpoint: Endpoint, retries: int, wanted: dict[str, Any]) -> Model:
    """The endpoint with the wrappers that were asked for; few ask for any."""
    from agentkit.reliability.stack import WrapperOptions, stacked
    from agentkit.reliability.timeouts import Timeouts

    others = wanted.pop("fallback")
    if isinstance(others, str) or callable(others):
        others = [others]
    if not isinstance(others, list | tuple):
        raise SetupError(
            f"fallback={safe_repr(others)}",
            expected="a model, the name of one, or a list of them, in the order in which they are"
            " asked",
        )
    found = [connect(one) if isinstance(one, str) else one for one in others]
    timeouts = wanted["timeouts"]
    if timeouts is not None:
        if not isinstance(timeouts, Timeouts):
            raise SetupError(
                f"timeouts={safe_repr(timeouts)}", expected="Timeouts(first_s=..., ...)"
            )
        endpoint.phases = Phases(
            timeouts.connect_s or CONNECT_S, timeouts.first_s, timeouts.between_s
        )
    return stacked(endpoint, WrapperOptions(retries=retries, fallback=found, **wanted))


def chosen(name: str | None) -> str:
    """The name of a model, by default the one that is set in the environment.

    Raises:
        UnknownModel: it is no text, or an empty one.
    """
    if name is None:
        name = keys.setting("AGENTKIT_MODEL") or DEFAULT
    if not isinstance(name, str) or not name.strip():
        raise UnknownModel(f"{safe_repr(name)} is no model's name", expected=EXPECTED, todo=TODO)
    return name.strip()


def checked_transport(transport: Any) -> httpx.AsyncBaseTransport:
    """What was given as a transport; a call over anything else would be tried again and again."""
    if not callable(getattr(transport, "handle_async_request", None)):
        raise SetupError(
            f"transport={safe_repr(transport)}",
            expected="an httpx transport, as httpx.MockTransport(answer); None is the shared one",
        )
    found: httpx.AsyncBaseTransport = transport
    return found


def check_options(
    timeout_s: Any, retries: Any, price: Any, dialect: Any, tools: Any = None
) -> None:
    """Check the options that no model sees."""
    timeout_s = 1.0 if timeout_s is None else timeout_s
    if tools not in (None, "native", "prompted"):
        raise SetupError(f"tools={safe_repr(tools)}", expected='"native" or "prompted"')
    number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if not number or not 0 < timeout_s < float("inf"):
        raise SetupError(f"timeout_s={safe_repr(timeout_s)}", expected="seconds, more than 0")
    if type(retries) is not int or retries < 0:
        raise SetupError(f"retries={safe_repr(retries)}", expected="a whole number from 0")
    if price is not None and (
        not isinstance(price, tuple | list)
        or len(price) != 2
        or not all(isinstance(p, int | float) and 0 <= p < float("inf") for p in price)
    ):
        raise SetupError(
            f"price={safe_repr(price)}",
            expected="(USD per million tokens in, USD per million tokens out)",
        )
    if dialect is not None and dialect not in DIALECTS:
        raise SetupError(f"dialect={safe_repr(dialect)}", expected=" or ".join(map(repr, DIALECTS)))
