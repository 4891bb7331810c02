"""What travels on a fabric: a letter, where it came from, and the receipt for it."""

from __future__ import annotations

from pydantic import ValidationError

from agentkit import current_run
from agentkit.errors import SetupError, error_text
from agentkit.messages import JSON, Frozen, canonical, digest, jsonable
from agentkit.scope import current_scope
from agentkit.values import mended
from memory.steps import performing


class Trace(Frozen):
    """The step that sent a letter: a place in a log."""

    run: str
    actor: str
    step: str
    """Key of the step."""


class Letter(Frozen):
    """A message as it travels, as JSON."""

    id: str
    """Two letters of one id are one letter sent twice."""
    key: str = ""
    """Letters of one key keep their order in a stream."""
    body: JSON = None
    trace: Trace | None = None
    """None when it was not sent from a run."""
    reply: bool = False
    """Whether the sender waits for an answer."""
    sent: float = 0.0
    """Unix time in seconds, by the sender's clock."""

    def encoded(self) -> bytes:
        """As it travels, without what goes without saying: a broker keeps each byte.

        Half of a character, as a model or an error may have it, travels as U+FFFD.
        """
        try:
            return self.model_dump_json(exclude_defaults=True).encode()
        except ValueError:
            told = self.model_dump(exclude_defaults=True)
            return canonical(mended(told)).encode()


class Receipt(Frozen):
    """What the sender gets once a letter is stored."""

    id: str
    seq: int
    """Position in the channel, 1, 2, 3, ...; of a duplicate that of the first."""
    duplicate: bool = False
    """The channel had a letter of this id already, and kept only that."""
    waited_s: float = 0.0
    """How long the channel was full."""
    attempts: int = 1
    """More than 1 when the broker did not answer at first."""


def decoded(data: bytes) -> Letter | None:
    """The letter, or None when the bytes are none."""
    try:
        return Letter.model_validate_json(data)
    except ValidationError:
        return None


def plain(body: object, where: str) -> JSON:
    """The body as JSON.

    Raises:
        SetupError: it has no JSON form.
    """
    try:
        return jsonable(body)
    except ValueError as error:
        raise SetupError(
            f"What was given to {where} cannot be sent: {error_text(error)}.",
            expected="text, or a value that has a JSON form",
        ) from error


def stamped(body: JSON, step_key: str, *, id: str | None = None, key: str = "") -> Letter:
    """A letter from the current step: its id is the step's, so a repetition has the same."""
    run = current_run()
    return Letter(
        id=mended(id) if id else digest(run.id, step_key),
        key=mended(key),
        body=body,
        trace=Trace(run=run.id, actor=current_scope().actor, step=performing() or step_key),
        sent=run.log.clock(),
    )
