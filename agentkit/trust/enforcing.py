"""Which policy holds: in this process, or for some code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from agentkit.errors import SetupError
from agentkit.guarding import POLICY, Everywhere
from agentkit.trust.policy import Policy


def set_policy(policy: Policy | None) -> Policy | None:
    """What holds in each run that this process opens from now on; returns what did before.

    A run that goes on keeps the policy that it had, unless one is set: `OFF` is one, too.
    """
    checked(policy)
    before, Everywhere.policy = Everywhere.policy, policy
    found: Policy | None = before
    return found


@contextlib.contextmanager
def enforced(policy: Policy) -> Iterator[Policy]:
    """What holds in each run that is opened inside the block.

    with enforced(policy):
        await clerk("...")
    """
    checked(policy, none=False)
    token = POLICY.set(policy)
    try:
        yield policy
    finally:
        POLICY.reset(token)


def checked(policy: Any, *, none: bool = True) -> None:
    """Refuse what is no policy.

    Raises:
        SetupError: it is none.
    """
    if not isinstance(policy, Policy) and not (none and policy is None):
        raise SetupError(
            f"A {type(policy).__name__} is no policy.",
            expected="an agentkit.trust.Policy; OFF allows everything",
        )
