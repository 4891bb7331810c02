"""connect(name): a model from its name. Nothing is sent, started or paid before the first call."""

from __future__ import annotations

import difflib
import os
from typing import Any, Literal, NamedTuple

import httpx
from pydantic import SecretStr, ValidationError

from agentkit.endpoints import keys, prices
from agentkit.endpoints.anthropic import ANTHROPIC
from agentkit.endpoints.dialect import Dialect
from agentkit.endpoints.endpoint import Endpoint
from agentkit.endpoints.failures import Site
from agentkit.endpoints.openai import OPENAI
from agentkit.errors import MissingKey, SetupError, UnknownModel
from agentkit.messages import JSON
from agentkit.model import Model, Options
from agentkit.reliability.retry import retry

DEFAULT = "sim:careful"


class Provider(NamedTuple):
    """A service that connect knows by name."""

    base_url: str
    key: str
    """Variable that holds its API key; none is needed if empty."""
    listed: str = ""
    """genai-prices' name of it."""
    dialect: Dialect = OPENAI
    adaptations: tuple[str, ...] = ()


PROVIDERS = {
    "openai": Provider(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "openai",
        adaptations=("max_completion_tokens",),
    ),
    "anthropic": Provider("https://api.anthropic.com", "ANTHROPIC_API_KEY", "anthropic", ANTHROPIC),
    "deepseek": Provider("https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek"),
    "gemini": Provider(
        "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "google"
    ),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY", "groq"),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY", "mistral"),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openrouter"),
    "ollama": Provider("", ""),
}
DIALECTS: dict[str, Dialect] = {"openai": OPENAI, "anthropic": ANTHROPIC}
KNOWN = ("sim", *PROVIDERS)
FAMILIES = {"gpt": "openai", "claude": "anthropic", "gemini": "gemini", "deepseek": "deepseek"}


def connect(
    name: str | None = None,
    *,
    base_url: str | None = None,
    api_key: str | SecretStr | None = None,
    timeout_s: float = 60.0,
    retries: int = 3,
    temperature: float | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    price: tuple[float, float] | None = None,
    dialect: Literal["openai", "anthropic"] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    **extra: JSON,
) -> Model:
    """Make a model; nothing is sent, started or paid before it is first asked.

    Args:
        name: "sim:careful", "openai:MODEL", "anthropic:MODEL", "ollama:MODEL" and others of
            PROVIDERS, or the model's own name with a base_url. Without one $AGENTKIT_MODEL,
            else "sim:careful": a key lying around never spends money by itself.
        base_url: of any server that speaks the dialect, most end in /v1; $AGENTKIT_BASE_URL
            for a name without a provider.
        api_key: else the provider's variable, or $AGENTKIT_API_KEY with a base_url, from the
            environment or .env; kept as a secret.
        timeout_s: seconds of silence after which a call is given up. Connecting has 5 s;
            a reply that keeps coming may take ten times as long.
        retries: how often a failed call is repeated, where the failure allows it.
        temperature: used where a request leaves it open; so are max_tokens and seed.
        max_tokens: of the answer.
        seed: for servers that know one.
        price: USD per million tokens (in, out); overrides the list price.
        dialect: what a base_url speaks; by default that of the provider, else "openai".
        transport: an httpx transport instead of the shared one, for tests.
        **extra: further fields of the request body, in the server's own words.

    Raises:
        UnknownModel: no provider or simulated model is called that.
        MissingKey: its API key is neither given nor in the environment or .env.
        SetupError: an option is out of range.
    """
    if name is None:
        name = keys.setting("AGENTKIT_MODEL") or DEFAULT
    if not isinstance(name, str) or not name.strip():
        raise UnknownModel(f"{name!r} is no model's name", expected=EXPECTED, todo=TODO)
    name = name.strip()
    check(timeout_s=timeout_s, retries=retries, price=price, dialect=dialect)
    endpoint = find(name, base_url, api_key, dialect)
    endpoint.timeout_s, endpoint.transport = float(timeout_s), transport
    endpoint.options = options(temperature, max_tokens, seed, extra)
    if price is not None:
        endpoint.price = prices.per_million(*price)
    return retry(endpoint, attempts=retries + 1) if retries else endpoint


def options(
    temperature: float | None, max_tokens: int | None, seed: int | None, extra: dict[str, Any]
) -> Options:
    """The default options of a model."""
    try:
        return Options(
            temperature=temperature, max_tokens=max_tokens, seed=seed, extra=extra or None
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(
            f"{first['loc'][0]}={first['input']!r}: {first['msg']}",
            expected="temperature and seed as numbers, max_tokens as a whole number from 1",
        ) from error


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
    name: str, base_url: str | None, api_key: str | SecretStr | None, dialect: str | None
) -> Endpoint:
    """The endpoint of a name."""
    prefix, colon, model = name.partition(":")
    if colon and prefix == "sim":
        return simulated(name, model, base_url)
    if colon and prefix in PROVIDERS and model:
        return hosted(name, prefix, model, base_url, api_key, dialect)
    base_url = base_url or keys.setting("AGENTKIT_BASE_URL")
    if base_url is None:
        raise UnknownModel(
            f"no endpoint is called {name!r}", expected=EXPECTED, todo=suggestion(name)
        )
    found = DIALECTS[dialect or "openai"]
    base = checked(base_url, found)
    secret = keys.secret(api_key, "AGENTKIT_API_KEY")
    return Endpoint(name, name, found, Site(name, base, secret=secret), base)


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
    near = difflib.get_close_matches(prefix.lower(), KNOWN, 1)
    if near and colon:
        return f"did you mean {near[0] + ':' + model!r}? {TODO}"
    return f'for a server of your own add base_url="http://...". {TODO}'


def simulated(name: str, model: str, base_url: str | None) -> Endpoint:
    """The simulated endpoint, here or where a class shares one."""
    from agentkit.sim.temperament import TEMPERAMENTS

    if model not in TEMPERAMENTS:
        known = [f"sim:{kind}" for kind in TEMPERAMENTS]
        near = difflib.get_close_matches(name, known, 1)
        raise UnknownModel(
            f"there is no simulated model {name!r}",
            expected=", ".join(known),
            todo=f"did you mean {near[0]!r}?" if near else TODO,
        )
    start = "the simulated endpoint has gone; ask again and it is started anew"
    price = prices.simulated(model)
    if base_url:
        base = checked(base_url, OPENAI)
        return Endpoint(name, name, OPENAI, Site(name, base), base, price=price)
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
    base_url: str | None,
    api_key: str | SecretStr | None,
    dialect: str | None,
) -> Endpoint:
    """A provider known by name, or a server that stands in for it."""
    provider = PROVIDERS[prefix]
    found = DIALECTS[dialect] if dialect else provider.dialect
    base = checked(base_url or provider.base_url or ollama(), found)
    names = (provider.key,) if provider.key else ()
    secret = keys.secret(api_key, *names)
    if provider.key and secret is None and not base_url:
        raise MissingKey(
            f"{name} needs an API key, and {provider.key} is not set",
            expected=f"{provider.key} in the environment or in .env, or api_key=...",
            todo='set it, or go on without one: connect("sim:careful")',
            variable=provider.key,
        )
    site = Site(name, base, provider.key or "AGENTKIT_API_KEY", secret)
    if prefix == "ollama":
        start, get = "start it with `ollama serve`, or set OLLAMA_HOST", f"ollama pull {model}"
        site = Site(name, base, site.key_variable, secret, start, get)
    listed = provider.listed and not base_url
    price = prices.listed(provider.listed, model) if listed else prices.unknown
    return Endpoint(name, model, found, site, base, price=price, adaptations=provider.adaptations)


def ollama() -> str:
    """Ollama's address, as its own programs read it."""
    host = os.environ.get("OLLAMA_HOST", "").strip() or "127.0.0.1:11434"
    try:
        parsed = httpx.URL(host if "://" in host else f"http://{host}")
    except httpx.InvalidURL as error:
        raise SetupError(f"OLLAMA_HOST={host!r} is no address: {error}", expected=URL) from error
    if parsed.port is None and "://" not in host:
        parsed = parsed.copy_with(port=11434)
    if parsed.host in ("0.0.0.0", "::"):
        # That is what the server binds; nobody can connect to it everywhere.
        parsed = parsed.copy_with(host="127.0.0.1")
    return str(parsed).rstrip("/") + "/v1"


def checked(base_url: str, dialect: Dialect) -> str:
    """A base URL that can be used, without what the dialect appends."""
    try:
        url = httpx.URL(base_url.strip())
    except (httpx.InvalidURL, AttributeError, TypeError) as error:
        raise SetupError(f"base_url={base_url!r} is no URL: {error}", expected=URL) from error
    if url.userinfo:
        raise SetupError(
            "base_url holds a user name or a password", expected="the key as api_key=...", todo=URL
        )
    if url.scheme not in ("http", "https") or not url.host or (url.port or 1) > 65535:
        raise SetupError(f"base_url={base_url!r} is no web address", expected=URL)
    base = str(url).rstrip("/").removesuffix(dialect.path)
    # Both habits exist for this dialect: with /v1 and without.
    return base.removesuffix("/v1") if dialect is ANTHROPIC else base


URL = "such as http://127.0.0.1:8000/v1"
