"""A run that is begun here and performed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.errors import LogError, SetupError
from agentkit.events import Noted
from agentkit.guarding import entrusted
from agentkit.lease import RunOffer
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, Content
from agentkit.nested import in_its_place
from agentkit.offers import checked_share
from agentkit.opening import BUDGETS, as_asked, beginning, check_limits, looked_up
from agentkit.scope import here
from agentkit.sources import Source
from agentkit.typed import Output, schema_of

LIMITS = ("seed", *BUDGETS, "deadline_s", "concurrency")


async def offered(
    offer: RunOffer,
    *,
    log: Log | None = None,
    name: str = "",
    id: str | None = None,
    actor: str,
    task: Any,
    **options: Any,
) -> str:
    """Record that a run begins, and that a worker may have it; it is durable when this returns.

    The policy that holds here goes along as data, with the label of what the code that asks has
    read: workers perform the run under it.

    Args:
        offer: to whom it belongs.
        log: where; the default log without one.
        name: of the run.
        id: of the run; a new one without.
        actor: who is asked.
        task: what is asked.
        options: limits of the run, and what else is recorded of the ask.

    Raises:
        SetupError: an option of a run that goes back to another one, or a limit that binds
            nothing. LogError: the log has no queue, or cannot be written: then nobody performs
            it later either.
    """
    limits = {one: options.pop(one, None) for one in LIMITS}
    back = [one for one in options if one not in ("output", "sample", "arguments", "model")]
    if back:
        raise SetupError(
            f"A run that is submitted cannot have {', '.join(back)}.",
            todo="go on with an earlier run where it was performed: resume, rerun, fork",
        )
    check_limits(limits, id, name=name, actor=actor, seed=limits["seed"])
    source, id = await in_its_place(log := log or open_log(), Source("ask"), id, name)
    if source.how in ("resume", "replay"):
        return source.run  # the run around this code goes on, and has submitted it
    known = await looked_up(log, Source("ask"), id, limits, False)
    options["arguments"] = options.get("arguments") or None
    start = beginning(known, name, None, {"actor": actor, **as_asked(task), **options}, limits)
    known.log.work  # noqa: B018  raises where nobody could claim it
    lease = known.lease
    assert lease is not None
    lease.seconds, lease.offer = 0.0, offer
    outer = None if (around := here.get()) is None else around[0].guard
    told = [
        Noted(run=known.id, seq=start.seq + n, at=start.at, scope="", topic=topic, data=data)
        for n, (topic, data) in enumerate(entrusted(outer, [task, options["arguments"] or {}]), 1)
    ]
    known.log.append(lease, start, *told)
    try:
        await known.log.flush(lease)
    except LogError:
        # It would be stored with what is flushed next, and performed beside what is submitted
        # again instead.
        if lease.lost or await known.log.withdraw(lease):
            raise
    return known.id


class Submitting:
    """The side of an actor that leaves runs to workers."""

    name: str
    output: Output
    arguments: Mapping[str, JSON]

    def _known(self, options: dict[str, Any]) -> None:
        """Refuse options that a run does not have."""
        raise NotImplementedError

    def _connects(self, model: str | None) -> None:
        """Refuse the name of a model that there is not."""
        raise NotImplementedError

    def _asked(self, task: Any, sample: int) -> JSON | Content:
        """The task as it is recorded."""
        raise NotImplementedError

    def _recorded(
        self, task: Any, output: Output, sample: int, model: str | None
    ) -> dict[str, Any]:
        """What a run that is opened for this ask records of it."""
        asked = {"task": task, "output": schema_of(output), "sample": sample, "model": model}
        return {**asked, "arguments": dict(self.arguments)}

    def _left_here(self, options: dict[str, Any], model: object) -> None:
        """Refuse what no log keeps: a worker elsewhere could not have it."""
        given = sorted(options.keys() & {"deps", "context", "person", "require"})
        if not isinstance(model, str | None):
            given.append("model")
        if given:
            raise SetupError(
                f"A run of {self.name} that is submitted cannot be given {', '.join(given)}: a"
                " worker performs it, and has what the log has.",
                expected="what is recorded: a task, arguments, limits, a model by its name",
                todo="make the rest where the worker's own actor is made; or ask here",
            )

    async def submit(
        self,
        task: Any,
        *,
        output: Output = None,
        model: str | None = None,
        sample: int = 0,
        share: str = "",
        priority: int = 0,
        **options: Any,
    ) -> str:
        """Put an open run into the log for a worker to perform, and perform nothing here.

        Workers serve an actor of this name: `agentkit worker FILE:NAME`. Their code is what runs.

        Args:
            task, output, model, sample: as in an ask; the model by its name.
            share: whose it is, as a user or batch: shares get their runs performed in fair turns.
            priority: higher ones come first, whosever they are.
            options: `log`, `name`, `id`, `seed`, `budget_usd`, `budget_tokens`, `deadline_s`,
                `concurrency`: of the run.

        Returns:
            The id of the run, for `attach`.

        Raises:
            SetupError: what cannot be asked so. LogError: it was not stored.
        """
        self._left_here(options, model)
        self._known(options)
        self._connects(model)
        output = self.output if output is None else output
        asked = self._recorded(self._asked(task, sample), output, sample, model)
        offer = RunOffer(checked_share(share), priority)
        return await offered(offer, **{"actor": self.name, **options, **asked})
