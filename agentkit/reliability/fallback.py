"""fallback(a, [b, c]): where a fails, b is asked, then c.

It goes on after whatever the next model may do better: an endpoint that is down, too slow, refuses
the key, is left alone by its breaker, or takes no tools, or not the images or files that it was
sent; not after a request that is wrong for all, or a conversation that is too long, which a memory
shortens. With `on_refusal` it goes on, too, where a model declines to answer or a content filter
withheld the reply. The answer says which model gave it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.errors import (
    CircuitOpen,
    ContextTooLong,
    EndpointError,
    Rejected,
    SetupError,
    UnsupportedPart,
    error_text,
)
from agentkit.events import Usage
from agentkit.holds import Bound, another, bound_of, cut, unspare
from agentkit.listening import tell_again
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note
from agentkit.reliability.paying import with_others
from agentkit.reliability.wrapper import Wrapper, checked_model, endpoints_of
from agentkit.scope import note

OWN_FAULT = (400, 413, 422)
"""Statuses that say that the request is wrong."""
FILTERS = ("content_filter", "content management policy", "responsibleaipolicy", "safety system")
"""How providers say in a refusal with status 400 that a filter took offence."""


class FellBackTo(Note):
    """A model failed, so that another is asked."""

    topic = "fallback.model"
    says = "{model} failed ({error}: {text}); {to} is asked."
    grave = True
    model: str
    to: str
    error: str
    text: str = ""


class Fallback(Wrapper):
    """A Model that asks others where the first one fails; see fallback."""

    technique = "fallback"

    def __init__(self, model: Model, others: Sequence[Model], on_refusal: bool) -> None:
        super().__init__(model)
        self.chain = (model, *others)
        self.on_refusal = on_refusal

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask one after the other; see agentkit.model.Model."""
        refused: list[Reply] = []
        reply = await self.first(request, on_text, refused)
        for _ in refused:
            # Each is entered as what it cost. Where no reply comes they stay entered as bounds.
            unspare()
        return with_others(reply, refused)

    async def first(self, request: Request, on_text: OnText | None, refused: list[Reply]) -> Reply:
        """The first reply that counts; those that declined go into `refused`."""
        for model, after in zip(self.chain, self.chain[1:], strict=False):
            try:
                reply = await model(own(request, model), on_text)
                if not (self.on_refusal and reply.stop == "refusal"):
                    return reply
                another()
                refused.append(reply)
                self.tell(model, after, "refusal", reply.text)
            except (EndpointError, CircuitOpen, UnsupportedPart) as error:
                if not self.may_help(error):
                    raise
                cut(error)
                self.tell(model, after, type(error).__name__, error_text(error))
            tell_again(on_text)
        last = self.chain[-1]
        return await last(own(request, last), on_text)

    def may_help(self, error: EndpointError | CircuitOpen | UnsupportedPart) -> bool:
        """Whether another model may do better."""
        if isinstance(error, UnsupportedPart):
            return True
        if isinstance(error, ContextTooLong):
            return False
        if withheld(error):
            return self.on_refusal
        if isinstance(error, Rejected):
            lacks = bool(error.context.get("lacks"))
            return lacks or error.context.get("status") not in OWN_FAULT
        return True

    def tell(self, model: Model, after: Model, error: str, text: str) -> None:
        """Record that another is asked. Listeners throw away the text streamed so far."""
        line = text.strip().splitlines()[0] if text.strip() else ""
        note(FellBackTo(model=model.name, to=after.name, error=error, text=line))

    def bound(self, request: Request) -> Bound | None:
        """The most that any of them may take."""
        bounds = [bound_of(one, own(request, one)) for one in self.chain]
        if any(one is None for one in bounds):
            return None
        known = [one for one in bounds if one is not None]
        outs = [one.tokens_out for one in known if one.tokens_out is not None]

        def price(usage: Usage) -> float | None:
            prices = [one.price(usage) for one in known]
            return None if None in prices else max(one for one in prices if one is not None)

        def unpriced(usage: Usage) -> str:
            each = zip(self.chain, known, strict=True)
            return next((model.name for model, one in each if one.price(usage) is None), "")

        return Bound(
            tokens_in=max(one.tokens_in for one in known),
            tokens_out=max(outs) if len(outs) == len(known) else None,
            price=price,
            unpriced=unpriced,
        )

    def set_to(self) -> str:
        refusals = ", also on a refusal" if self.on_refusal else ""
        return " → ".join(one.name for one in self.chain) + refusals

    async def aclose(self) -> None:
        """Close all of them."""
        for one in self.chain:
            close = getattr(one, "aclose", None)
            if close is not None:
                await close()


def withheld(error: EndpointError | CircuitOpen) -> bool:
    """Whether a content filter stood between the question and its answer."""
    if error.context.get("withheld"):
        return True
    words = str(error.context.get("words") or "")
    return isinstance(error, Rejected) and any(one in words.lower() for one in FILTERS)


def own(request: Request, model: Model) -> Request:
    """The request as this model gets it."""
    settings = getattr(model, "settings", None)
    if settings == request.settings:
        return request
    return request.model_copy(update={"settings": settings})


def fallback(model: Model, others: Sequence[Model], *, on_refusal: bool = False) -> Model:
    """Make a model that asks others, in order, where it fails.

    Args:
        model: asked first; steps and bills have its name.
        others: models, each with wrappers of its own. A fallback among them is gone through.
        on_refusal: whether a refusal or a content filter counts as a failure.

    Raises:
        SetupError: none, or one endpoint twice: it would be asked again as if it were another.
    """
    flat: list[Model] = []
    for one in [others] if isinstance(others, str) else others:
        flat += one.chain if isinstance(one, Fallback) else [one]
    if not flat:
        raise SetupError("A fallback to nobody.", expected="at least one other model")
    seen: set[object] = set()
    for one in (model, *flat):
        checked_model("fallback", one)
        for endpoint in endpoints_of(one):
            account = getattr(endpoint, "account", None) or id(endpoint)
            if account in seen:
                raise SetupError(
                    f"The fallback goes in a circle: {endpoint.name} is in it twice.",
                    expected="another endpoint or model at each place",
                )
            seen.add(account)
    return Fallback(model, flat, on_refusal)
