"""Ids of letters that are done, kept on the disk of a NATS server.

JetStream knows the ids of messages for a while; when it begins anew it knows those that it still
holds, and of a work queue it holds nothing that was acknowledged. So before a letter is, its id
goes into a stream of its own, and whoever sends looks there first.
Source: https://docs.nats.io/using-nats/developer/develop_jetstream/model_deep_dive
"""

from __future__ import annotations

import contextlib

from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from agentkit.messages import digest
from memory.fabrics.channels import Channel


class DoneIds:
    """Where a letter stood that is done, by its id, of one namespace's queues."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def kept(self, channel: Channel) -> bool:
        """Whether ids of a channel are kept apart: a stream holds its letters, and so their ids."""
        return channel.kind == "queue" and channel.dedup_s > 0

    def config(self, channel: Channel) -> api.StreamConfig:
        """The stream that keeps them, as long as the channel remembers ids."""
        return api.StreamConfig(
            name=self._name(channel),
            subjects=[self._subject(channel, "*")],
            max_msgs_per_subject=1,
            max_age=channel.dedup_s,
            storage=api.StorageType.FILE,
            allow_direct=True,
        )

    async def find(self, stream: JetStreamContext, channel: Channel, id: str) -> int | None:
        """Return the position of a letter that is done; None of one that is not, or not known."""
        if self.kept(channel):
            with contextlib.suppress(NotFoundError):
                subject = self._subject(channel, digest(id))
                found = await stream.get_last_msg(self._name(channel), subject, direct=True)
                return int(found.data or b"0")
        return None

    async def add(self, stream: JetStreamContext, channel: Channel, id: str, seq: int) -> None:
        """Keep an id; it is on disk when this returns."""
        await stream.publish(self._subject(channel, digest(id)), str(seq).encode())

    def _name(self, channel: Channel) -> str:
        return f"{self.namespace}-{channel.name}-done"

    def _subject(self, channel: Channel, id: str) -> str:
        return ".".join([self.namespace, "done", channel.name, id])
