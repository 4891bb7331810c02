"""Embeddings over HTTP (POST /v1/embeddings) as one more dialect of an endpoint.

The texts are the messages of the request and the vectors come back as the reply's native
block, so that keys, prices, retries, time-outs and errors are those of every other call.
"""

from __future__ import annotations

import base64
import math
from array import array
from typing import Any

from pydantic import SecretStr

from agentkit.endpoints import prices
from agentkit.endpoints.address import hidden
from agentkit.endpoints.connect import check_options
from agentkit.endpoints.dialect import ErrorInReply, Read, complaint
from agentkit.endpoints.finding import find
from agentkit.endpoints.openai import OPENAI
from agentkit.endpoints.openai_said import usage
from agentkit.endpoints.partswire import unsupported
from agentkit.endpoints.shapes import Malformed
from agentkit.messages import JSON, Message
from agentkit.model import Model, Options, Reply, Request
from agentkit.parts import Part
from agentkit.reliability.retry import retry

SIMULATED = "sim:embed"


def connect_embedder(
    name: str,
    *,
    base_url: str | None = None,
    api_key: str | SecretStr | None = None,
    timeout_s: float = 60.0,
    retries: int = 3,
    dims: int | None = None,
) -> Model:
    """A model that embeds.

    Each message of its request is a text; `reply.message.native` are the vectors, a list of
    lists of floats in the same order.

    Args:
        name: "sim:embed", "openai:text-embedding-3-small", "ollama:nomic-embed-text", or the
            model's own name with a base_url.
        base_url, api_key, timeout_s, retries: see `connect`.
        dims: length of the vectors, for servers that can shorten them.

    Raises:
        UnknownModel, MissingKey, SetupError: as `connect` does.
    """
    check_options(timeout_s=timeout_s, retries=retries, price=None, dialect=None)
    simulated = name == SIMULATED
    named = "sim:careful" if simulated else name
    base, key = hidden(base_url), hidden(api_key)
    del base_url, api_key
    # Azure's dialect differs in its headers only.
    endpoint = find(named, base, key, None if named.startswith("azure:") else "openai")
    if simulated:
        endpoint.name = endpoint.model = name
        endpoint.price = prices.per_million(0.0, 0.0)
    endpoint.dialect = EMBEDDING._replace(headers=endpoint.dialect.headers)
    if isinstance(endpoint.base_url, str):
        endpoint.base_url = endpoint.base_url.removesuffix(EMBEDDING.path)
    endpoint.timeout_s = float(timeout_s)
    if dims is not None:
        endpoint.options = Options(extra={"dimensions": dims})
    return retry(endpoint, attempts=retries + 1) if retries else endpoint


def body(request: Request, model: str, options: Options, stream: bool) -> dict[str, Any]:
    """The body of a request."""
    texts = [one.message.content for one in request.thread]
    for part in (one for text in texts if not isinstance(text, str) for one in text):
        if isinstance(part, Part):
            raise unsupported(part, "user", "an endpoint that embeds", "text alone")
    return {"model": model, "input": texts, "encoding_format": "float", **(options.extra or {})}


def read(answer: JSON, salt: str) -> Read:
    """The vectors of a reply.

    Raises:
        Malformed: it is not what the protocol promises.
        ErrorInReply: the server reports an error in it.
    """
    foreign = not (isinstance(answer, dict) and answer.get("data"))
    if found := complaint(answer, foreign=foreign):
        raise ErrorInReply(found)
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not data:
        raise Malformed("it has no data")
    rows: dict[int, list[float]] = {}
    for place, item in enumerate(data):
        if not isinstance(item, dict):
            raise Malformed(f"data[{place}] is no object")
        index = item.get("index", place)
        rows[index if type(index) is int else place] = numbers(item.get("embedding"), place)
    if sorted(rows) != list(range(len(data))):
        raise Malformed("the indices in data are not 0, 1, 2, ...")
    vectors = [rows[n] for n in range(len(data))]
    if len({len(row) for row in vectors}) != 1:
        raise Malformed("the embeddings in data differ in length")
    name = answer.get("model")
    said = Message(role="assistant", native=vectors)
    counted = usage(answer.get("usage"))
    return Read(Reply(message=said, usage=counted, model=name if isinstance(name, str) else ""))


def numbers(value: JSON, place: int) -> list[float]:
    """One vector: a list of numbers, or little-endian float32 in base64."""
    if isinstance(value, str):
        try:
            packed = array("f")
            packed.frombytes(base64.b64decode(value, validate=True))
            value = packed.tolist()
        except ValueError as error:
            raise Malformed(f"data[{place}].embedding is no base64 of float32: {error}") from None
    good = isinstance(value, list) and value and all(type(n) in (int, float) for n in value)
    if not good or not all(math.isfinite(n) for n in value):
        raise Malformed(f"data[{place}].embedding is no list of finite numbers")
    return [float(n) for n in value]


EMBEDDING = OPENAI._replace(
    name="embedding", path="/embeddings", body=body, read=read, about=lambda asked: ""
)
