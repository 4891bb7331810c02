"""A model on this machine as an endpoint: its server is found or started at the first call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import SecretStr

from agentkit.endpoints import prices
from agentkit.endpoints.endpoint import Endpoint, Place
from agentkit.endpoints.failures import Site
from agentkit.endpoints.openai import OPENAI
from agentkit.local.catalogue import Weights, weights_of

TIMEOUT_S = 600.0
"""Seconds of silence: a small machine reads a long conversation slowly, and others wait before."""

LONGEST = 400
"""Tokens of a small model's reply where nobody says how many; one that is cut says so."""
TINY = 400 << 20
"""Bytes of a file below which a model needs the help that small models need."""


@dataclass(eq=False, repr=False)
class LocalEndpoint(Endpoint):
    """An endpoint whose server has another address and another key whenever it is started."""

    weights: Weights = Weights(name="", title="", source="file")

    async def place(self) -> Place:
        """Where to send to now; the server is started if it does not run, also after its death."""
        from agentkit.local.shared import served

        held = await served(self.weights)
        base = held.url + "/v1"
        if base not in self.places or self.key != held.key:
            # The key belongs to this server alone.
            self.site = replace(self.site, secret=SecretStr(held.key))
            self.places = {base: self.work_out(base)}
            # Its server closes connections that were kept alive just when they are used again.
            self.places[base].headers["connection"] = "close"
        return self.places[base]

    def bind_length(self) -> None:
        """Bound the replies of a small model, which otherwise goes on until its context is full."""
        if self.tiny and self.options.max_tokens is None:
            self.options = self.options.model_copy(update={"max_tokens": LONGEST})

    async def native_tools(self) -> bool:
        """Whether the model calls tools by itself: its chat template knows them."""
        from agentkit.local.shared import served

        if self.weights.template or self.weights.small:
            return False
        return self.weights.native_tools or "tools" in (await served(self.weights)).head.template

    @property
    def tiny(self) -> bool:
        """Whether it needs the help that small models need."""
        return self.weights.small or 0 < self.weights.size < TINY

    @property
    def key(self) -> str:
        """Of the server that was asked last."""
        return self.site.secret.get_secret_value() if self.site.secret else ""


def local(name: str, model: str) -> LocalEndpoint:
    """The endpoint of a local model.

    Raises:
        UnknownModel: no model is called that. SetupError: a path leads to no file.
    """
    weights = weights_of(model)
    start = "its server has gone; ask again and it is started anew"
    site = Site(name, "a server on this machine", start=start)
    return LocalEndpoint(
        name,
        name,
        OPENAI,
        site,
        "http://127.0.0.1",
        timeout_s=TIMEOUT_S,
        price=prices.per_million(0.0, 0.0),
        weights=weights,
    )
