"""How many processor cores the arithmetic of a training takes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController

from agentkit.local.machine import MOST_THREADS, cores
from agentkit.local.starting import THREADS, setting


class Threads:
    """Bounds the threads of numpy's matrices while a training computes, and only then.

    Left alone they are as many as the machine has cores, also in a container that may use two of
    64, where most of them only wait for each other; and these matrices are too narrow for more than
    eight. $AGENTKIT_LOCAL_THREADS says another number, and fewer that the reader chose for numpy
    ($OPENBLAS_NUM_THREADS) stay fewer. Apple's own library cannot be bounded, and is left alone.
    """

    def __init__(self) -> None:
        self.pools = ThreadpoolController().select(user_api="blas")
        most = max(1, int(setting(THREADS, min(MOST_THREADS, cores()))))
        self.count = min([most, *(pool["num_threads"] for pool in self.pools.info())])

    def bounded(self) -> AbstractContextManager[Any]:
        """Inside of it numpy takes so many threads, and as many as before after it."""
        found: AbstractContextManager[Any] = self.pools.limit(limits=self.count)
        return found
