"""connect(name): a model from its name. Nothing is sent, started or paid before the first call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from agentkit.endpoints import keys, prices
from agentkit.endpoints.address import Address, hidden, ollama, parsed
from agentkit.endpoints.choices import closest, headers_of, known, options
from agentkit.endpoints.dialect import Dialect
from agentkit.endpoints.endpoint import Endpoint
from agentkit.endpoints.failures import Site
from agentkit.endpoints.openai import OPENAI
from agentkit.endpoints.providers import (
    AZURE_VERSION,
    DIALECTS,
    FAMILIES,
    KNOWN,
    PROVIDERS,
)
from agentkit.errors import MissingKey, SetupError, UnknownModel
from agentkit.messages import JSON
from agentkit.model import Effort, Model
from agentkit.reliability.retry import retry

DEFAULT = "sim:careful"
NO_HEADERS: Mapping[str, SecretStr] = MappingProxyType({})


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
    if name is None:
        name = keys.setting("AGENTKIT_MODEL") or DEFAULT
    if not isinstance(name, str) or not name.strip():
        raise UnknownModel(f"{name!r} is no model's name", expected=EXPECTED, todo=TODO)
    name = name.strip()
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
    endpoint = find(name, base, key, dialect, headers)
    endpoint.options = options(typed, extra_body, fields, endpoint.dialect)
    endpoint.timeout_s, endpoint.transport = float(timeout_s), transport
    if price is not None:
        endpoint.price = prices.per_million(*price)
    return retry(endpoint, attempts=retries + 1) if retries else endpoint


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


EXPECTED = "provider:model with " + ", ".join(KNOWN) + " as the provider; or a base_url"
TODO = 'connect("sim:careful") works without key and network'


def find(
    name: str,
    base_url: SecretStr | None,
    api_key: SecretStr | None,
    dialect: str | None,
    headers: Mapping[str, SecretStr] = NO_HEADERS,
) -> Endpoint:
    """The endpoint of a name."""
    prefix, colon, model = name.partition(":")
    if colon and prefix == "sim":
        endpoint = simulated(name, model, base_url)
    elif colon and prefix in PROVIDERS and model:
        endpoint = hosted(name, prefix, model, base_url, api_key, dialect, headers)
    else:
        endpoint = own(name, base_url, api_key, DIALECTS[dialect or "openai"], headers)
    endpoint.given_headers = headers
    return endpoint


def own(
    name: str,
    base_url: SecretStr | None,
    api_key: SecretStr | None,
    dialect: Dialect,
    headers: Mapping[str, SecretStr],
) -> Endpoint:
    """A server of the reader's own."""
    address = located(base_url, dialect, "AGENTKIT_BASE_URL")
    if address is None:
        raise UnknownModel(
            f"no endpoint is called {name!r}", expected=EXPECTED, todo=suggestion(name)
        )
    secret = key_for(address, api_key, ("AGENTKIT_API_KEY",), headers)
    site = Site(name, address.base, secret=secret)
    return Endpoint(name, name, dialect, site, address.base, query=address.query)


def located(base_url: SecretStr | None, dialect: Dialect, *variables: str) -> Address | None:
    """The address given, else the one that a variable names; None if there is none."""
    if base_url is not None:
        return parsed(base_url, dialect)
    for variable in variables:
        for look, local in ((keys.from_environment, ""), (keys.from_dotenv, variable)):
            if found := hidden(look(variable)):
                return parsed(found, dialect, variable)._replace(local=local)
    return None


def key_for(
    address: Address,
    given: SecretStr | None,
    names: tuple[str, ...],
    headers: Mapping[str, SecretStr],
) -> SecretStr | None:
    """The key that may go to an address."""
    if not address.local:
        return keys.secret(given, *names)
    return keys.local_secret(given or next(iter(headers.values()), None), names, address.local)


def suggestion(name: str) -> str:
    """What the reader may have meant."""
    prefix, colon, model = name.partition(":")
    if not colon:
        family = next((p for f, p in FAMILIES.items() if name.lower().startswith(f)), None)
        if family:
            return f"did you mean {family + ':' + name!r}? {TODO}"
        if name in ("careful", "hasty", "stubborn", "agreeable", "persuadable", "injectable"):
            return f"did you mean {'sim:' + name!r}?"
    elif not model and prefix in KNOWN:
        return f"add the model: {prefix + ':MODEL'!r}. {TODO}"
    near = closest(prefix.lower(), KNOWN)
    if near and colon:
        return f"did you mean {near + ':' + model!r}? {TODO}"
    return f'for a server of your own add base_url="http://...". {TODO}'


def simulated(name: str, model: str, base_url: SecretStr | None) -> Endpoint:
    """The simulated endpoint, here or where a class shares one."""
    from agentkit.sim.brain.temperaments import TEMPERAMENTS

    if model not in TEMPERAMENTS:
        known = [f"sim:{kind}" for kind in TEMPERAMENTS]
        near = closest(name, known)
        raise UnknownModel(
            f"there is no simulated model {name!r}",
            expected=", ".join(known),
            todo=f"did you mean {near!r}?" if near else TODO,
        )
    start = "the simulated endpoint has gone; ask again and it is started anew"
    price = prices.simulated(model)
    if base_url is not None:
        base, query, _ = parsed(base_url, OPENAI)
        return Endpoint(name, name, OPENAI, Site(name, base), base, price=price, query=query)
    site = Site(name, "the simulated endpoint", start=start)
    return Endpoint(name, name, OPENAI, site, running_simulation, price=price)


async def running_simulation() -> str:
    """The address of this process's simulated endpoint, which is started if it does not run."""
    from agentkit.sim import server

    running = server.shared.server
    url = running.url if running and running.alive else await server.endpoint_async()
    return url + "/v1"


def hosted(
    name: str,
    prefix: str,
    model: str,
    base_url: SecretStr | None,
    api_key: SecretStr | None,
    dialect: str | None,
    headers: Mapping[str, SecretStr],
) -> Endpoint:
    """A provider known by name, or a server that stands in for it."""
    provider = PROVIDERS[prefix]
    found = DIALECTS[dialect] if dialect else provider.dialect
    variables = (provider.base_url_variable,) if provider.key and found is provider.dialect else ()
    if prefix == "azure":
        variables = ("AZURE_OPENAI_ENDPOINT", *variables)
    address = located(base_url, found, *variables)
    elsewhere = address is not None
    if address is None and prefix == "azure":
        raise SetupError(
            f"{name} needs the address of the Azure resource, and AZURE_OPENAI_ENDPOINT is not set",
            expected="AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com, or base_url=...",
            todo='set it, or go on without one: connect("sim:careful")',
        )
    if address is None:
        address = parsed(SecretStr(provider.base_url) if provider.base_url else ollama(), found)
    if prefix == "azure":
        address = at_azure(address, model)
    names = (provider.key,) if provider.key else ()
    secret = key_for(address, api_key, names, headers)
    if provider.key and secret is None and not elsewhere and not headers:
        raise missing(name, provider.key)
    if prefix == "azure" and secret is None and not headers:
        raise missing(name, provider.key)
    base = address.base
    site = Site(name, base, provider.key or "AGENTKIT_API_KEY", secret)
    if prefix == "ollama":
        start, get = "start it with `ollama serve`, or set OLLAMA_HOST", f"ollama pull {model}"
        site = Site(name, base, site.key_variable, secret, start, get)
    listed = provider.listed and provider.is_at(base)
    price = prices.listed(provider.listed, model) if listed else prices.unknown
    return Endpoint(
        name,
        model,
        found,
        site,
        base,
        price=price,
        adaptations=provider.adaptations,
        query=address.query,
    )


def missing(name: str, variable: str) -> MissingKey:
    """The error of a provider whose key is nowhere."""
    return MissingKey(
        f"{name} needs an API key, and {variable} is not set",
        expected=f"{variable} in the environment or in .env, or api_key=...",
        todo='set it, or go on without one: connect("sim:careful")',
        variable=variable,
    )


def at_azure(address: Address, deployment: str) -> Address:
    """Where a deployment is in an Azure resource; a base URL that says so itself is kept.

    Source: Azure OpenAI REST API reference, "Chat completions".
    """
    base, query, local = address
    if base.endswith("/openai/v1"):
        return address
    if "/deployments/" not in base:
        base = f"{base.removesuffix('/openai')}/openai/deployments/{quote(deployment, safe='')}"
    if "api-version=" not in query.get_secret_value():
        version = f"api-version={keys.setting('OPENAI_API_VERSION') or AZURE_VERSION}"
        kept = query.get_secret_value()
        query = SecretStr(f"{kept}&{version}" if kept else version)
    return Address(base, query, local)
