"""The services that connect knows by name."""

from __future__ import annotations

from typing import NamedTuple

import httpx

from agentkit.endpoints.dialect import Dialect
from agentkit.endpoints.openai import OPENAI


def spoken(name: str, azure: bool = False) -> Dialect:
    """A dialect by its name; most programs speak one, so the others are imported here."""
    found = OPENAI
    if name == "anthropic":
        from agentkit.endpoints.anthropic import ANTHROPIC as found
    elif name == "responses":
        from agentkit.endpoints.responses import RESPONSES as found
    if azure:
        return found._replace(headers=lambda key: {"api-key": key} if key else {})
    return found


class Provider(NamedTuple):
    """A service that connect knows by name."""

    base_url: str
    key: str
    """Variable that holds its API key; none is needed if empty."""
    listed: str = ""
    """genai-prices' name of it."""
    speaks: str = "openai"
    """Its dialect."""
    adaptations: tuple[str, ...] = ()
    where: str = ""
    """Where it is, in words, when that has to be found out."""

    @property
    def base_url_variable(self) -> str:
        """Variable that names another address of it, as its own client reads it."""
        return self.key.removesuffix("_API_KEY") + "_BASE_URL" if self.key else ""

    def is_at(self, base: str) -> bool:
        """Whether an address is one of its own, where its list prices hold."""
        own, other = httpx.URL(self.base_url).host, httpx.URL(base).host
        return bool(own) and (other == own or other.endswith("." + ".".join(own.split(".")[-2:])))


AZURE_VERSION = "2024-10-21"
"""Of Azure's API where OPENAI_API_VERSION names none: the latest that is no preview."""

PROVIDERS = {
    "openai": Provider(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "openai",
        adaptations=("max_completion_tokens",),
    ),
    "responses": Provider(
        "https://api.openai.com/v1", "OPENAI_API_KEY", "openai", speaks="responses"
    ),
    "anthropic": Provider(
        "https://api.anthropic.com", "ANTHROPIC_API_KEY", "anthropic", "anthropic"
    ),
    "azure": Provider("", "AZURE_OPENAI_API_KEY", where="$AZURE_OPENAI_ENDPOINT"),
    "deepseek": Provider("https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek"),
    "gemini": Provider(
        "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "google"
    ),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY", "groq"),
    "mistral": Provider(
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "mistral",
        adaptations=("ids of nine letters",),
    ),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openrouter"),
    "ollama": Provider("", "", where="Ollama on this machine"),
}
DIALECTS = ("openai", "responses", "anthropic")
KNOWN = ("sim", "local", *PROVIDERS)
FAMILIES = {"gpt": "openai", "claude": "anthropic", "gemini": "gemini", "deepseek": "deepseek"}
"""How the names of models begin, and whose they are."""
