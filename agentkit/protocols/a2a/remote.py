"""An agent elsewhere as an actor: `remote = await a2a_agent("http://…")`, `await remote(task)`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from a2a.types import AgentCard, Message, Role

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.causes import outgoing
from agentkit.conversation import worded
from agentkit.doubts import NOT_DONE
from agentkit.errors import BadOutput, SetupError, Unsettled
from agentkit.events import Effect, Usage
from agentkit.messages import JSON, Content, Thread, canonical, extend, thread_message
from agentkit.messages import Message as Said
from agentkit.protocols.a2a.bounds import ASK_S
from agentkit.protocols.a2a.content import parts_of, proto_value
from agentkit.protocols.a2a.earlier import Earlier, left_by, message_id
from agentkit.protocols.a2a.errand import Errand, failed
from agentkit.protocols.a2a.peer import Peer
from agentkit.protocols.a2a.report import Report
from agentkit.protocols.a2a.signing import State, public_keys
from agentkit.protocols.a2a.terms import COST, LACKS, OUTPUT, USAGE, camel
from agentkit.protocols.clock import Clock
from agentkit.protocols.errors import PeerTimedOut
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.hosts import Hosts
from agentkit.run import current_run
from agentkit.scope import current_scope
from agentkit.step import Outcome
from agentkit.trust.guard import PolicyRefused
from agentkit.trust.wire import arrived, leaving
from agentkit.typed import Output, answered_before, fitting, schema_of

DESCRIPTION = 4_000
"""Characters of a description: whoever has it as a tool reads it in each request."""

ASK_EFFECTS = ("pure", "idempotent", "once")


class RemoteAgent(Actor):
    """An agent elsewhere; usually made by `a2a_agent`."""

    what = "remote"

    def __init__(
        self,
        peer: Peer,
        name: str,
        timeout_s: float | None = ASK_S,
        effect: Effect = "idempotent",
    ) -> None:
        """Make one of a peer whose card was read."""
        super().__init__(name, described(peer.card))
        self.peer, self.timeout_s, self.effect = peer, timeout_s, effect

    @property
    def card(self) -> AgentCard:
        """What it says of itself, as the SDK has it."""
        return self.peer.card

    @property
    def outside(self) -> str:
        """Where its description and its answers come from, for policies: "remote:NAME"."""
        return f"remote:{self.name}"

    @property
    def signed(self) -> State:
        """What the signature of its card is worth."""
        return self.peer.state

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        content = worded(task, thread[:-1], self.name)
        run, scope = current_run(), current_scope().key
        parts_of(content)  # What cannot be sent is refused before anything is.
        asked = content.form() if isinstance(content, Content) else content
        request: dict[str, JSON] = {"task": asked, "output": schema_of(output)}
        context = message_id(run.id, scope, "context")
        earlier, effect = left_by(run, scope), self.effect
        first = message_id(run.id, scope)
        if not await earlier.look(self.peer, context, first):
            if earlier.crashed:
                effect = "once"  # A person says whether it was done, and what came of it.
            else:
                self._allowed()
        perform = partial(self._performed, content, schema_of(output), context, earlier)
        done = await run.step("remote", self.name, request, perform, effect=effect)
        return self._answer(done, output, thread)

    def _allowed(self) -> None:
        """See to it that a person allows to ask again where the first ask may have been heard.

        Raises:
            Unsettled: nobody did.
        """
        run = current_run()
        words = run.past.doubts.words if run.past.doubts is not None else {}
        if words.get(self.name) is not NOT_DONE:
            raise Unsettled(
                f"{self.name} was asked this before, and it is not known whether it heard it:"
                f" {self.peer.where} tells of no task, and does not say that it performs no"
                " message twice.",
                expected="a person's word, because it must not happen twice",
                todo=f"look, then resume with settle={{{self.name!r}: NOT_DONE}} if it did not"
                " happen, and it is asked again",
                run_id=run.id,
                step=self.name,
                keys=[],
                doubts=[],
            )

    async def _performed(
        self, content: JSON | Content, schema: JSON, context: str, earlier: Earlier, key: str
    ) -> Outcome:
        run, scope = current_run(), current_scope().key
        # Where the agent performs no message twice, its id is what makes the ask happen once.
        nth = (str(earlier.attempts),) if earlier.attempts else ()
        message = Message(
            message_id=message_id(run.id, scope, *nth),
            context_id=context,
            role=Role.ROLE_USER,
            parts=parts_of(content),
        )
        if schema is not None:
            message.metadata[OUTPUT] = proto_value(schema).struct_value
        for field, said in outgoing().items():
            message.metadata[field] = said
        for field, label in leaving().items():
            message.metadata[field] = proto_value(label).struct_value
        clock, where = Clock(), self.peer.where
        resend = self.peer.once or self.effect == "pure"
        errand = Errand(
            self.peer, self.name, run, scope, key, message, clock, earlier, resend, self.effect
        )
        late = PeerTimedOut(
            f"{opening(where)} did not answer within {self.timeout_s or 0:g} s.",
            todo="resume: it is asked for its task first; or give it longer with timeout_s=",
        )
        try:
            async with clock.limited(self.timeout_s, late):
                report = await errand.carried_out()
        except (asyncio.CancelledError, PolicyRefused):
            await asyncio.shield(errand.withdraw())
            raise
        arrived(self.outside, *report.labels())
        if (error := failed(report, where)) is not None:
            raise error
        return outcome_of(report, self.peer.place)

    def _answer(self, done: Outcome, output: Output, thread: Thread) -> Answer:
        """What it answered, or a person said that it did."""
        result: Any = done.result
        found = result if isinstance(result, dict) and "peer" in result else {"data": result}
        if done.nodes:
            content = done.nodes[-1].message.content
        else:
            content = result if isinstance(result, str) else canonical(result)
        said = extend(thread, Said(role="assistant", content=content))
        try:
            data = answered_before(str(content), found.get("data"), output)
            if isinstance(output, dict):
                fitting(data, output)
        except ValueError as error:
            raise BadOutput(
                f"{self.name} answered what does not fit: {clipped(str(error))}",
                expected=f"JSON that fits {canonical(schema_of(output))[:300]}",
            ) from error
        return Answer(
            text=str(content),
            data=data,
            content=content if isinstance(content, Content) else None,
            thread=said,
            missing=tuple(found.get("missing", ())),
        )

    def __repr__(self) -> str:
        return f"RemoteAgent({self.name!r}, {self.peer.place}, card {self.signed})"


def outcome_of(report: Report, place: str) -> Outcome:
    """What a task gave, as the log keeps it."""
    told = report.told()
    typed, data = report.typed()
    result: dict[str, Any] = {"peer": place}
    if report.task is not None:
        result |= {"task": report.task.id, "context": report.task.context_id}
    if typed:
        result["data"] = data
    if isinstance(lacks := told.get(LACKS), str):
        result["missing"] = [clipped(lacks)]
    content = report.content()
    if content == "" and typed:
        content = canonical(data)
    return Outcome(
        result=result,
        nodes=(thread_message(Said(role="assistant", content=content)),),
        usage=usage_of(told.get(USAGE)),
        cost_usd=cost_of(told.get(COST)),
    )


def usage_of(told: JSON) -> Usage:
    """What an agent says that it used, as far as that can be; nothing where it does not say."""
    if not isinstance(told, dict):
        return Usage()
    given = {name: told.get(camel(name)) for name in Usage.model_fields}
    known = {n: one for n, one in given.items() if type(one) is int and 0 <= one < 2**53}
    return Usage.model_validate(known)


def cost_of(told: JSON) -> float | None:
    """What it says that it cost, in USD; None where that can be no price."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    return float(told) if 0 <= told < 1e9 else None


def described(card: AgentCard) -> str:
    """What an agent says that it is for; hidden characters are shown, for models read it."""
    lines = [card.description, *(f"{one.name}: {one.description}" for one in card.skills[1:20])]
    text = "\n".join(filter(None, (clipped(one) for one in lines)))
    return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 1] + "…"


def actor_name(card: AgentCard, name: str) -> str:
    """The name of the actor: as given, or as its card says, in letters that names have."""
    if name:
        return name
    found = re.sub(r"[^\w-]+", "_", card.name).strip("_")[:64]
    return found if found and found != "you" else "remote"


async def a2a_agent(
    url: str,
    *,
    name: str = "",
    token: str = "",
    headers: Mapping[str, str] | None = None,
    keys: Any = (),
    hosts: Sequence[str] = (),
    binding: str = "",
    timeout_s: float | None = ASK_S,
    effect: Effect = "idempotent",
) -> RemoteAgent:
    """An agent elsewhere, as an actor: its card is read now, and it is asked when the actor is.

        remote = await a2a_agent("http://127.0.0.1:8766")
        answer = await remote("What are the dues for 30 t in Amber?")

    It is asked, streamed, given to patterns and to agents as a tool like any other. An ask is a
    step of the run. Its task goes on there whoever listens: a connection that breaks is made
    again, and a run that is resumed asks for the old task before it makes a new one. Questions of
    the agent are put to the person here.

    Args:
        url: of the agent, or of its card.
        name: of the actor; that of the card by default.
        token: sent as "Authorization: Bearer …".
        headers: sent along, to this agent alone.
        keys: public keys, as SigningKey.public, files with such, or sets of them. One of them
            must have signed the card. Without, the card need not be signed; `signed` says.
        hosts: what else may be called than the address of the card: "name:port", if its card
            sends there, or a network, "169.254.0.0/16".
        binding: "JSONRPC" or "HTTP+JSON"; by default the first of its card.
        timeout_s: of one ask; it stands still while the person answers its question. After it the
            task goes on there, and a resume finds it.
        effect: what a second ask does. "idempotent": one that broke off before anything was
            known of its task is repeated where the agent says that it performs no message
            twice, and asked about otherwise; "once": a person says whether it happened.

    Raises:
        SetupError: no such address, name or key.
        PeerError: it cannot be reached, speaks another version, sends elsewhere, or its card is
            not signed as demanded.
    """
    if effect not in ASK_EFFECTS:
        raise SetupError(f"effect={effect!r} is none.", expected=", ".join(ASK_EFFECTS))
    sent = dict(headers or {})
    if token:
        sent["Authorization"] = f"Bearer {token}"
    allowed = Hosts(hosts, private=True)
    peer = Peer(url, headers=sent, keys=public_keys(keys), hosts=allowed, binding=binding)
    await peer.look()
    return RemoteAgent(peer, actor_name(peer.card, name), timeout_s, effect)
