"""The endpoint of a name: the simulated one, a provider's, or a server of the reader's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote

from pydantic import SecretStr

from agentkit.endpoints import keys, prices
from agentkit.endpoints.address import BaseAddress, hidden, ollama, parsed
from agentkit.endpoints.choices import closest
from agentkit.endpoints.dialect import Dialect
from agentkit.endpoints.endpoint import Endpoint
from agentkit.endpoints.failures import Site
from agentkit.endpoints.openai import OPENAI
from agentkit.endpoints.providers import (
    AZURE_VERSION,
    FAMILIES,
    KNOWN,
    PROVIDERS,
    Provider,
    spoken,
)
from agentkit.errors import MissingKey, SetupError, UnknownModel, safe_repr
from agentkit.machine import in_page

EXPECTED = "provider:model with " + ", ".join(KNOWN) + " as the provider; or a base_url"
TODO = 'connect("sim:careful") works without key and network'
NO_HEADERS: Mapping[str, SecretStr] = MappingProxyType({})


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
    elif colon and prefix == "local" and model and base_url is None:
        from agentkit.endpoints.local import local  # with what starts such a model

        endpoint = local(name, model)
    elif colon and prefix in PROVIDERS and model:
        endpoint = hosted(name, prefix, model, base_url, api_key, dialect, headers)
    else:
        endpoint = own(name, base_url, api_key, spoken(dialect or "openai"), headers)
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
            f"no endpoint is called {safe_repr(name)}", expected=EXPECTED, todo=suggestion(name)
        )
    secret = key_for(address, api_key, ("AGENTKIT_API_KEY",), headers)
    site = Site(name, address.base, secret=secret)
    return Endpoint(name, name, dialect, site, address.base, query=address.query)


def located(base_url: SecretStr | None, dialect: Dialect, *variables: str) -> BaseAddress | None:
    """The address given, else the one that a variable names; None if there is none."""
    if base_url is not None:
        return parsed(base_url, dialect)
    for variable in variables:
        for look, named in ((keys.from_environment, ""), (keys.from_dotenv, variable)):
            if found := hidden(look(variable)):
                return parsed(found, dialect, variable)._replace(local=named)
    return None


def key_for(
    address: BaseAddress,
    given: SecretStr | None,
    names: tuple[str, ...],
    headers: Mapping[str, SecretStr],
) -> SecretStr | None:
    """The key that may go to an address."""
    if not address.local:
        return keys.secret(given, *names)
    return keys.local_secret(given or next(iter(headers.values()), None), names, address.local)


SIMULATED = (
    "careful", "hasty", "stubborn", "agreeable", "persuadable", "injectable", "selfish", "fair",
    "reciprocal", "noisy",
)  # fmt: skip


def suggestion(name: str) -> str:
    """What the reader may have meant."""
    prefix, colon, model = name.partition(":")
    if not colon:
        family = next((p for f, p in FAMILIES.items() if name.lower().startswith(f)), None)
        if family:
            return f"did you mean {family + ':' + name!r}? {TODO}"
        if name in SIMULATED:
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
            f"there is no simulated model {safe_repr(name)}",
            expected=", ".join(known),
            todo=f"did you mean {safe_repr(near)}?" if near else TODO,
        )
    price = prices.simulated(model)
    if base_url is not None:
        base, query, _ = parsed(base_url, OPENAI)
        return Endpoint(name, name, OPENAI, Site(name, base), base, price=price, query=query)
    if sim_inside():
        from agentkit.sim.inside import URL, inside

        base = f"{URL}/v1"
        made = Endpoint(name, name, OPENAI, Site(name, base), base, price=price)
        made.transport = inside()
        return made
    start = "the simulated endpoint has gone; ask again and it is started anew"
    site = Site(name, "the simulated endpoint", start=start)
    return Endpoint(name, name, OPENAI, site, running_simulation, price=price)


def sim_inside() -> bool:
    """Whether the simulated endpoint answers inside of this process: always so in a page.

    Raises:
        SetupError: $AGENTKIT_SIM is neither of its two words.
    """
    chosen = keys.setting("AGENTKIT_SIM") or "process"
    if chosen not in ("process", "inside"):
        raise SetupError(
            f"AGENTKIT_SIM is {safe_repr(chosen)}.",
            expected='"process", a server of its own, or "inside", the same without one',
        )
    return chosen == "inside" or in_page()


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
    provider, azure = PROVIDERS[prefix], prefix == "azure"
    found = spoken(dialect or provider.speaks, azure)
    # Whoever set that variable meant a server that speaks as the provider does.
    usual = (found.name == "anthropic") == (provider.speaks == "anthropic")
    variables = (provider.base_url_variable,) if provider.key and usual else ()
    if azure:
        variables = ("AZURE_OPENAI_ENDPOINT", *variables)
    given = located(base_url, found, *variables)
    address = given or default_address(name, provider, found, azure)
    if azure:
        address = at_azure(address, model, found)
    names = (provider.key,) if provider.key else ()
    secret = key_for(address, api_key, names, headers)
    # A server that only stands in for the provider may need no key; an Azure resource does.
    if provider.key and secret is None and not headers and (azure or given is None):
        raise missing(name, provider.key)
    site = Site(name, address.base, provider.key or "AGENTKIT_API_KEY", secret)
    if prefix == "ollama":
        start, get = "start it with `ollama serve`, or set OLLAMA_HOST", f"ollama pull {model}"
        site = replace(site, start=start, get=get)
    listed = provider.listed and provider.is_at(address.base)
    return Endpoint(
        name,
        model,
        found,
        site,
        address.base,
        price=prices.listed(provider.listed, model) if listed else prices.unknown,
        adaptations=provider.adaptations,
        query=address.query,
    )


def default_address(name: str, provider: Provider, dialect: Dialect, azure: bool) -> BaseAddress:
    """Where a provider is, unless somebody says otherwise.

    Raises:
        SetupError: that is different for everyone.
    """
    if azure:
        raise SetupError(
            f"{name} needs the address of the Azure resource, and AZURE_OPENAI_ENDPOINT is not set",
            expected="AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com, or base_url=...",
            todo='set it, or go on without one: connect("sim:careful")',
        )
    return parsed(SecretStr(provider.base_url) if provider.base_url else ollama(), dialect)


def missing(name: str, variable: str) -> MissingKey:
    """The error of a provider whose key is nowhere."""
    return MissingKey(
        f"{name} needs an API key, and {variable} is not set",
        expected=f"{variable} in the environment or in .env, or api_key=...",
        todo='set it, or go on without one: connect("sim:careful")',
        variable=variable,
    )


def at_azure(address: BaseAddress, deployment: str, dialect: Dialect) -> BaseAddress:
    """Where a deployment is in an Azure resource; a base URL that says so itself is kept.

    Source: Azure OpenAI REST API reference, "Chat completions", and "v1 API" for Responses.
    """
    base, query, local = address
    if base.endswith("/openai/v1"):
        return address
    if dialect.name == "responses":
        return BaseAddress(f"{base.removesuffix('/openai')}/openai/v1", query, local)
    if "/deployments/" not in base:
        base = f"{base.removesuffix('/openai')}/openai/deployments/{quote(deployment, safe='')}"
    if "api-version=" not in query.get_secret_value():
        version = f"api-version={keys.setting('OPENAI_API_VERSION') or AZURE_VERSION}"
        kept = query.get_secret_value()
        query = SecretStr(f"{kept}&{version}" if kept else version)
    return BaseAddress(base, query, local)
