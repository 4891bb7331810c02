"""What nats-py raises, as errors of ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from agentkit.errors import AgentkitError, SetupError
from memory.errors import QueueFull, StoreFull, StoreUnreachable

FULL, OTHER_SETTINGS, NO_STORAGE, NO_LETTER = 10077, 10058, 10047, 10037
"""Error codes of JetStream: maximum messages exceeded, stream name in use with a different
configuration, insufficient storage, no message found."""


class Mapped(Exception):
    """An error of ours, and whether the stream or its reader may be gone."""

    def __init__(self, error: AgentkitError, gone: bool) -> None:
        self.error, self.gone = error, gone
        super().__init__(str(error))


@contextlib.contextmanager
def mapped(where: str, broker: str) -> Iterator[None]:
    """Raise errors of nats-py as Mapped, and a cancellation that it swallowed as one.

    Args:
        where: the channel or subject.
        broker: as it is called in texts.
    """
    with cancellable(), translated(where, broker):
        yield


@contextlib.contextmanager
def cancellable() -> Iterator[None]:
    """Raise the cancellation of this task that came in the block, whatever the block made of it.

    nats-py ends some waits as if nothing had been when they are cancelled, and others by an
    error of a closed connection; `asyncio.wait_for` before Python 3.12 returns the answer that
    is there at the same moment. Who went on then could not be stopped a second time.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


@contextlib.contextmanager
def translated(where: str, broker: str) -> Iterator[None]:
    """Raise errors of nats-py as Mapped."""
    from nats import errors
    from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

    try:
        yield
    except NotFoundError as error:
        if error.err_code == NO_LETTER:
            raise
        raise Mapped(StoreUnreachable(f"{where} is gone ({broker}): {error}."), True) from error
    except APIError as error:
        raise told(where, broker, error) from error
    except (NoStreamResponseError, errors.NoRespondersError) as error:
        text = f"Nothing answers for {where}, carried {broker} ({error})."
        raise Mapped(StoreUnreachable(text), gone=True) from error
    except errors.MaxPayloadError as error:
        raise Mapped(SetupError(f"A letter to {where} is too big: {error}."), False) from error
    except (errors.Error, TimeoutError, OSError) as error:
        if "uthorization" in str(error):
            refused = SetupError(
                f"The fabric carried {broker} refused us: {error}.",
                todo="put its token into the address: nats://TOKEN@HOST:PORT",
            )
            raise Mapped(refused, gone=False) from error
        why = str(error).removeprefix("nats: ") or type(error).__name__
        lost = StoreUnreachable(f"No answer for {where}, carried {broker} ({why}).")
        raise Mapped(lost, gone=True) from error


def told(where: str, broker: str, error: Exception) -> Mapped:
    """An error that JetStream reported."""
    code, text = getattr(error, "err_code", None), getattr(error, "description", None)
    if code == FULL:
        return Mapped(QueueFull(f"{where} is full ({broker})."), gone=False)
    if code == OTHER_SETTINGS:
        other = SetupError(
            f"{where} exists with other settings ({broker}).",
            expected="the same limit, dedup_s, partitions, ... wherever it is declared",
            todo="declare it alike everywhere, or under another name",
        )
        return Mapped(other, gone=False)
    if code == NO_STORAGE:
        return Mapped(StoreFull(f"There is no room for {where} ({broker}): {text}."), gone=False)
    status = getattr(error, "code", None)
    if status is not None and 400 <= status < 500:
        refused = SetupError(f"{where} was refused ({broker}): {text} ({code}).")
        return Mapped(refused, gone=False)
    lost = StoreUnreachable(f"JetStream does not answer for {where} ({broker}): {text or error}.")
    return Mapped(lost, gone=True)
