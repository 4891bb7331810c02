"""A model on this machine as an endpoint: its server is found or started at the first call."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from pydantic import SecretStr

from agentkit.endpoints import prices
from agentkit.endpoints.clients import HttpCall
from agentkit.endpoints.encoding import encode
from agentkit.endpoints.endpoint import Destination, Endpoint
from agentkit.endpoints.failures import Site, malformed
from agentkit.endpoints.http import post
from agentkit.endpoints.openai import OPENAI
from agentkit.events import Usage
from agentkit.local.catalogue import Weights, weights_of
from agentkit.model import Request

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

    async def place(self) -> Destination:
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

    async def goes_on(self, text: str, count: int) -> tuple[dict[str, float], Usage]:
        """How the model would go on with a text: its likeliest next pieces, in nats.

        Args:
            text: as the model reads it, without a chat template.
            count: pieces that are told.

        Raises:
            EndpointError: the server does not answer, or says no such thing.
        """
        place = await self.place()
        url = place.url.removesuffix("/v1" + self.dialect.path) + "/completion"
        body = {"prompt": text, "n_predict": 1, "n_probs": count, "cache_prompt": True}
        headers = self.headers(place, Request(thread=()))
        call = HttpCall(
            place.site, url, headers, encode({**body, "temperature": 0}), self.timeout_s
        )
        del headers  # A traceback that shows local variables must not show the key.
        said = await post(call, await self.line(place))
        try:
            found = json.loads(said)
            told = found["completion_probabilities"][0]["top_logprobs"]
            pieces = {str(one["token"]): float(one["logprob"]) for one in told}
            counts = int(found["tokens_evaluated"]), int(found["tokens_predicted"])
        except (ValueError, KeyError, TypeError, IndexError):
            raise malformed(place.site, "no probabilities", said) from None
        return pieces, Usage(tokens_in=counts[0], tokens_out=counts[1])

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
