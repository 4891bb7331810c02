"""connect(name): a model from its name. Nothing is sent, started or paid before the first call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from agentkit.endpoints import keys, prices
from agentkit.endpoints.address import hidden
from agentkit.endpoints.choices import headers_of, known, options
from agentkit.endpoints.finding import EXPECTED, TODO, find
from agentkit.endpoints.providers import DIALECTS
from agentkit.errors import SetupError, UnknownModel
from agentkit.messages import JSON
from agentkit.model import Effort, Model
from agentkit.reliability.retry import retry

DEFAULT = "sim:careful"


def connect(
    name: str | None = None,
    *,
    base_url: str | None = None,
    api_key: str | SecretStr | None = None,
    timeout_s: float = 60.0,
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
    dialect: Literal["openai", "anthropic"] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    **fields: JSON,
) -> Model:
    """Make a model; nothing is sent, started or paid before it is first asked.

    Args:
        name: "sim:careful", "openai:MODEL", "anthropic:MODEL", "azure:DEPLOYMENT",
            "ollama:MODEL" and others of PROVIDERS, or the model's own name with a base_url.
            Without one $AGENTKIT_MODEL, else "sim:careful": a key lying around never spends
            money by itself.
        base_url: of any server that speaks the dialect, most end in /v1; a query is kept.
            Else the provider's own variable ($OPENAI_BASE_URL, $AZURE_OPENAI_ENDPOINT, ...),
            or $AGENTKIT_BASE_URL for a name without a provider.
        api_key: else the provider's variable, or $AGENTKIT_API_KEY with a base_url, from the
            environment or .env; kept as a secret. An address that stands in .env gets no key
            from elsewhere.
        timeout_s: seconds of silence after which a call is given up. Connecting has 5 s;
            a reply that keeps coming may take ten times as long.
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
        dialect: what a base_url speaks; by default that of the provider, else "openai".
        transport: an httpx transport instead of the shared one, for tests.
        **fields: well-known fields of the body (top_k, presence_penalty, ...), as in extra_body.

    Raises:
        UnknownModel: no provider or simulated model is called that.
        MissingKey: its API key is neither given nor in the environment or .env.
        SetupError: an option is unknown, out of range, or holds a key.
    """
    # From here on no frame of a traceback shows a key.
    base, key, headers = hidden(base_url), hidden(api_key), headers_of(headers)
    del base_url, api_key
    check(timeout_s=timeout_s, retries=retries, price=price, dialect=dialect)
    typed = {
        "temperature": temperature,
        "top_p": top_p,
        "stop": stop,
        "seed": seed,
        "max_tokens": max_tokens,
        "reasoning_effort": reasoning_effort,
        "tool_choice": tool_choice,
    }
    for field in fields:
        known(field)
    endpoint = find(chosen(name), base, key, dialect, headers)
    endpoint.options = options(typed, extra_body, fields, endpoint.dialect)
    endpoint.timeout_s, endpoint.transport = float(timeout_s), transport
    endpoint.price = endpoint.price if price is None else prices.per_million(*price)
    return retry(endpoint, attempts=retries + 1) if retries else endpoint


def chosen(name: str | None) -> str:
    """The name of a model, by default the one that is set in the environment.

    Raises:
        UnknownModel: it is no text, or an empty one.
    """
    if name is None:
        name = keys.setting("AGENTKIT_MODEL") or DEFAULT
    if not isinstance(name, str) or not name.strip():
        raise UnknownModel(f"{name!r} is no model's name", expected=EXPECTED, todo=TODO)
    return name.strip()


def check(timeout_s: Any, retries: Any, price: Any, dialect: Any) -> None:
    """Check the options that no model sees."""
    number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if not number or not 0 < timeout_s < float("inf"):
        raise SetupError(f"timeout_s={timeout_s!r}", expected="seconds, more than 0")
    if type(retries) is not int or retries < 0:
        raise SetupError(f"retries={retries!r}", expected="a whole number from 0")
    if price is not None and (
        not isinstance(price, tuple | list)
        or len(price) != 2
        or not all(isinstance(p, int | float) and 0 <= p < float("inf") for p in price)
    ):
        raise SetupError(
            f"price={price!r}", expected="(USD per million tokens in, USD per million tokens out)"
        )
    if dialect is not None and dialect not in DIALECTS:
        raise SetupError(f"dialect={dialect!r}", expected=" or ".join(map(repr, DIALECTS)))
