"""A model behind an HTTP address: the Model that connect() makes."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import httpx
from pydantic import SecretStr

from agentkit.causes import PARENT, to_model
from agentkit.endpoints import failures
from agentkit.endpoints.address import secrets_in
from agentkit.endpoints.clients import Headers, HttpCall, Phases
from agentkit.endpoints.dialect import Dialect, ErrorInReply, NoAnswer, Read
from agentkit.endpoints.ear import Ear
from agentkit.endpoints.encoding import encode, header_text
from agentkit.endpoints.failures import Site
from agentkit.endpoints.guard import SendGuard
from agentkit.endpoints.http import post, stream
from agentkit.endpoints.prices import Price, unknown
from agentkit.endpoints.shapes import Malformed, decode
from agentkit.endpoints.sse import BOM, Events, is_stream
from agentkit.endpoints.transport import GatedClient, is_loopback, line_for, line_to, proxy_for
from agentkit.errors import ContextTooLong, EndpointError, Overloaded, Rejected
from agentkit.events import Usage
from agentkit.holds import Bound
from agentkit.listening import tell_whole
from agentkit.messages import JSON, canonical, changed, digest
from agentkit.model import DEFAULTS, OnText, Options, Reply, Request
from agentkit.notes import Note
from agentkit.reliability.allowance import AllowanceLow, KeyBalance, allowance
from agentkit.scope import note
from agentkit.tokens import conversation_tokens, more_for_images, text_tokens, tools_tokens

TURNS = 10
"""How often an endpoint that pauses in mid-turn is asked, until what it said is taken as it is."""
SNIFFED = 64
"""Bytes of a body that tell whether it is a stream."""


class Adapted(Note):
    """An endpoint does not take what was asked, and was sent it otherwise."""

    topic = "adapted"
    says = "The endpoint of {model} does not take all that was asked; it was sent: {to}."
    model: str
    to: tuple[str, ...]
    """What was changed."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an endpoint is, worked out once per address."""

    url: str = field(repr=False)
    """Its query may hold a key."""
    secure: bool
    proxy: str | None = field(repr=False)
    site: Site
    headers: Headers = field(repr=False)
    local: bool


@dataclass(eq=False, repr=False)
class Endpoint:
    """A Model over HTTP.

    Args:
        name: as in connect(name).
        model: the model's own name, as the server knows it.
        dialect: how the server is spoken to.
        site: for the texts of errors; its url is replaced by the real one.
        base_url: the address, or an async function that finds it at each call.
        timeout_s: seconds of silence after which a call is given up.
        options: used where a request leaves its own at None.
        price: what a call costs.
        query, given_headers: what is sent along with every call.
        adaptations: names of deviations this server is known to need; more are learnt.
        transport: instead of the shared one, for tests.
    """

    name: str
    model: str
    dialect: Dialect
    site: Site
    base_url: str | Callable[[], Awaitable[str]]
    timeout_s: float = 60.0
    options: Options = DEFAULTS
    price: Price = unknown
    adaptations: tuple[str, ...] = ()
    transport: httpx.AsyncBaseTransport | None = None
    adapted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Adaptations learnt for some requests only, by what they are about."""
    query: SecretStr = SecretStr("")
    """Of the address; it may hold a key."""
    given_headers: Mapping[str, SecretStr] = field(default_factory=dict)
    """Further headers of every call; they may hold keys."""
    prompt_cache: bool | Literal["5m", "1h"] | None = None
    """Whether beginnings of prompts are kept, where the dialect asks for that; see `caching`."""
    places: dict[str, Destination] = field(default_factory=dict)
    heard: Callable[[Mapping[str, str]], None] | None = None
    """Told the headers of each response, as by a limit that adapts to them."""
    phases: Phases = Phases()
    """Time-outs of parts of a call that differ from timeout_s."""
    left: KeyBalance | None = None
    """What is left of its key, as its server said last; None where it says nothing."""

    def told(self, headers: Mapping[str, str]) -> None:
        """Take the headers of a response into account."""
        if (left := allowance(headers)) is not None:
            if left.low and not (self.left and self.left.low):
                note(
                    AllowanceLow(
                        model=self.name,
                        budget_usd=left.budget_usd or 0.0,
                        left_usd=round(left.left_usd or 0.0, 9),
                    )
                )
            self.left = left
        if self.heard is not None:
            self.heard(headers)

    @property
    def account(self) -> str:
        """Equal for endpoints that a provider counts as one: of one name, address and key."""
        where = self.base_url if isinstance(self.base_url, str) else ""
        secret = self.site.secret.get_secret_value() if self.site.secret else ""
        return digest(self.name, where, secret)

    def __repr__(self) -> str:
        where = self.base_url if isinstance(self.base_url, str) else "started when first asked"
        return f"Model({self.name!r}, {where})"

    @property
    def settings(self) -> JSON:
        """What was set here and makes a request another one; no secrets are in it.

        A model is the same where its name and its options are, and who serves it. The host and
        path of a hosted server say who that is. A server on this machine is the reader's own
        under any address: started anew it may have another port, and its runs go on.
        """
        options: dict[str, JSON] = {}
        if self.options is not DEFAULTS:
            options = self.options.model_dump(mode="json", exclude_defaults=True)
        hosted = isinstance(self.base_url, str) and not on_loopback(self.base_url)
        where = {"base_url": self.base_url} if hosted else {}
        return {**where, **({"options": options} if options else {})} or None

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask once; see agentkit.model.Model."""
        place = await self.place()
        options = merged(request.options, self.options)
        body = self.dialect.body(request, self.model, options, on_text is not None)
        if self.dialect.marked is not None:
            body = self.dialect.marked(body, self.prompt_cache)
        asked = body
        for how in (*self.adaptations, *self.adapted.get(self.dialect.about(body), ())):
            body = self.dialect.adapt(body, how)
        found, body = await self.sent(request, place, body, asked, on_text)
        for turn in range(1, TURNS):
            if found.paused is None or self.dialect.go_on is None or self.dialect.together is None:
                break
            # Not what a repetition of the call before is, so it has a key of its own.
            again = request.model_copy(update={"key": request.key and f"{request.key}-{turn}"})
            body = self.dialect.go_on(body, found)
            more, body = await self.sent(again, place, body, body, on_text)
            found = self.dialect.together(found, more)
        cost = self.price(found.reply.usage)
        return changed(found.reply, cost_usd=cost) if cost is not None else found.reply

    async def sent(
        self,
        request: Request,
        place: Destination,
        body: dict[str, Any],
        asked: dict[str, Any],
        on_text: OnText | None,
    ) -> tuple[Read, dict[str, Any]]:
        """Send a body, otherwise where its server refuses it; return the reply and what was sent.

        Args:
            request: that it is made of.
            place: where it goes.
            body: to be sent.
            asked: the body before anything was put otherwise.
            on_text: told of each piece.
        """
        line = await self.line(place)
        salt = request.thread[-1].id if request.thread else ""
        learnt: dict[str, str | None] = {}
        while True:
            headers, data = self.headers(place, request), encode(body)
            call = HttpCall(
                place.site, place.url, headers, data, self.timeout_s, self.phases, self.told
            )
            del headers  # A traceback that shows local variables must not show the key.
            try:
                found = await self.ask(call, line, salt, on_text)
                break
            except (Rejected, Overloaded) as error:
                # Nothing was paid for a refusal, so the other spelling may be tried at once.
                cure = self.dialect.cure(body, error.words) if is_refusal(error) else None
                if cure is None or cure in learnt:
                    raise
                learnt[cure] = self.dialect.lasting(cure, asked, error.words)
                body = self.dialect.adapt(body, cure)
        if learnt:
            note(Adapted(model=self.name, to=tuple(learnt)))
            self.learn(learnt)
        return found, body

    def bound(self, request: Request) -> Bound:
        """The most that one call may take, as its budget reserves it."""
        shape = text_tokens(canonical(request.output)) if request.output is not None else 0
        messages = [one.message for one in request.thread]
        said = conversation_tokens(messages) + more_for_images(self.model, messages)
        return Bound(
            tokens_in=said + tools_tokens(request.tools) + shape,
            tokens_out=merged(request.options, self.options).max_tokens,
            price=self.dearest,
        )

    def dearest(self, usage: Usage) -> float | None:
        """What a call costs at most: all of the prompt may be new to the endpoint's cache."""
        if self.dialect.marked is not None and self.prompt_cache is not False:
            usage = usage.model_copy(update={"tokens_written": usage.tokens_in})
        return self.price(usage)

    def learn(self, learnt: Mapping[str, str | None]) -> None:
        """Keep what helped: for every request, or for those alike."""
        for how, where in learnt.items():
            if where == "all":
                self.adaptations = (*self.adaptations, how)
            elif where:
                self.adapted[where] = (*self.adapted.get(where, ()), how)

    async def ask(
        self, call: HttpCall, line: GatedClient, salt: str, on_text: OnText | None
    ) -> Read:
        """Send one call and read its reply."""
        wrong: EndpointError
        try:
            if on_text is None:
                return self.read(call, await post(call, line), salt)
            ear = Ear(self.dialect.collector(salt), on_text)
            at_once = await stream(call, line, ear)
            found = ear.collector.read() if at_once is None else self.read(call, at_once, salt)
            if found is None:
                raise failures.cut(call.site)
            if at_once is not None:
                tell_whole(on_text, found.reply.message)
            elif found.reply.text and not ear.voice.speaking:
                on_text(found.reply.text)
            return found
        except NoAnswer as error:
            wrong = failures.cut(call.site, str(error), error.again)
        except Malformed as error:
            wrong = failures.malformed(call.site, str(error))
        except ErrorInReply as error:
            wrong = failures.announced(call.site, error.error)
        # Not from these: they hold the server's own words, in which the key may stand.
        raise wrong

    def read(self, call: HttpCall, body: bytes, salt: str) -> Read:
        """Read a whole reply."""
        try:
            if is_stream(body[:SNIFFED], called=False):
                return self.replayed(body, salt)
            return self.dialect.read(decode(body), salt)
        except Malformed as error:
            wrong = failures.malformed(call.site, str(error), body)
        raise wrong

    def replayed(self, body: bytes, salt: str) -> Read:
        """Read a reply of a server that streams although it was not asked to."""
        ear = Ear(self.dialect.collector(salt), lambda text: None)
        events = Events()
        for event in (*events.feed(body.removeprefix(BOM)), *events.end()):
            if not ear.collector.done:
                ear.take(event)
        found = ear.collector.read()
        if found is None:
            raise NoAnswer("the stream ended before the reply was whole")
        return found

    async def place(self) -> Destination:
        """Where to send to now."""
        base = self.base_url if isinstance(self.base_url, str) else await self.base_url()
        place = self.places.get(base)
        if place is None:
            place = self.places[base] = self.work_out(base)
        return place

    def work_out(self, base: str) -> Destination:
        """What every call to an address has in common."""
        query = self.query.get_secret_value().encode() or None
        url = httpx.URL(base.rstrip("/") + self.dialect.path).copy_with(query=query)
        key = self.site.secret.get_secret_value() if self.site.secret else None
        headers = {
            "host": url.netloc.decode("ascii"),
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "accept-encoding": "identity",
            "user-agent": "agentkit",
            **self.dialect.headers(key),
            **{name: value.get_secret_value() for name, value in self.given_headers.items()},
        }
        shown = str(url.copy_with(query=None, fragment=None, userinfo=b""))
        proxy = proxy_for(url)
        site = replace(
            self.site,
            url=shown,
            proxy=str(httpx.URL(proxy).copy_with(userinfo=b"")) if proxy else "",
            hidden=(*secrets_in(self.query), *self.given_headers.values()),
        )
        secure, local = url.scheme == "https", is_loopback(url.host)
        return Destination(str(url), secure, proxy, site, Headers(headers), local)

    def headers(self, place: Destination, request: Request) -> Headers:
        """The headers of one call. Who asks is told to servers on this machine only."""
        headers = Headers(place.headers)
        if request.key:
            headers["idempotency-key"] = request.key
        if request.actor and place.local:
            headers["x-agentkit-actor"] = header_text(request.actor)
        if (trace := to_model(place.local)) and not any(one.lower() == PARENT for one in headers):
            headers.update(trace)
        return headers

    async def line(self, place: Destination) -> GatedClient:
        """The connections to send over."""
        if self.transport is not None:
            return line_for(self.transport)
        if SendGuard.check is not None:
            SendGuard.check(self.name, place.site.url, self.name.startswith("sim:"))
        return await line_to(place.secure, place.proxy)

    async def aclose(self) -> None:
        """Close the transport given; the shared one is closed with its event loop."""
        if self.transport is not None:
            await self.transport.aclose()


def is_refusal(error: Rejected | Overloaded) -> bool:
    """Whether a status may mean that something in the body was refused, and not its length.

    llama.cpp's server answers 500 where 422 is meant; OpenRouter 404 where no endpoint of a
    model supports what was asked for.
    """
    if isinstance(error, ContextTooLong):
        return False
    return error.status in (400, 422, 500, 501) or (
        error.status == 404 and "support" in error.words
    )


@functools.lru_cache(64)
def on_loopback(base_url: str) -> bool:
    """Whether a server is on this machine; asked for every call."""
    return is_loopback(httpx.URL(base_url).host)


def merged(given: Options, defaults: Options) -> Options:
    """The options given, with the defaults where they leave the choice open."""
    if defaults is DEFAULTS:
        return given
    if given is DEFAULTS or given == DEFAULTS:
        return defaults
    chosen = {k: v for k, v in given if v is not None}
    extra = {**(defaults.extra or {}), **(given.extra or {})}
    return defaults.model_copy(update={**chosen, "extra": extra or None})
