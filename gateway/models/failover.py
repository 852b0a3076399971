"""Triton first, the CPU in this process when it fails: a circuit breaker between the two."""

import asyncio
import logging
import time

import numpy as np
from numpy.typing import NDArray

from gateway.errors import DeadlineExceeded, ModelUnavailable
from gateway.metrics import BREAKER_OPEN, FALLBACKS
from gateway.models.model import Inference, Model, Priority

log = logging.getLogger(__name__)

ATTEMPT_SHARE = 0.5
"""Of the time that is left, what the first attempt may take: the fallback needs the rest."""
PROBE_INTERVAL_S = 0.5
SILENCE_S = 3.0
"""An attempt that ran out of time is a failure only if nobody was answered for so long: otherwise
the model server is merely busy."""


class Failover:
    """Asks `primary`; while it fails, asks `fallback` and probes `primary` until it is back.

    The breaker opens at the first failure, since a failed request has cost its caller time, and
    closes when `primary.ready()`, a real inference, succeeds. It begins open: a primary that is
    still loading is no error.

    Args:
        primary: asked while it answers.
        fallback: asked while it does not; None answers 503 at once.
    """

    def __init__(self, primary: Model, fallback: Model | None) -> None:
        self._primary, self._fallback = primary, fallback
        self.open_since: float | None = time.monotonic()
        self._answered_at = 0.0
        BREAKER_OPEN.set(1)
        self._probing = asyncio.create_task(self._probe())

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """See Model."""
        if self.open_since is None:
            self._primary.check(priority=priority, timeout_s=timeout_s * self._share)
        elif self._fallback:
            self._fallback.check(priority=priority, timeout_s=timeout_s)

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Model."""
        started = time.perf_counter()
        if self.open_since is None:
            try:
                answer = await self._primary.infer(
                    image, priority=priority, timeout_s=timeout_s * self._share
                )
                self._answered_at = time.monotonic()
                return answer
            except (ModelUnavailable, DeadlineExceeded) as error:
                silent_s = time.monotonic() - self._answered_at
                if isinstance(error, ModelUnavailable) or silent_s > SILENCE_S:
                    self._open(error)
                if not self._fallback:
                    raise
        if not self._fallback:
            raise ModelUnavailable("The model server does not answer.", PROBE_INTERVAL_S)
        FALLBACKS.inc()
        left_s = timeout_s - (time.perf_counter() - started)
        return await self._fallback.infer(image, priority=priority, timeout_s=left_s)

    async def ready(self) -> bool:
        """See Model."""
        return self.open_since is None or bool(self._fallback and await self._fallback.ready())

    async def close(self) -> None:
        """See Model."""
        self._probing.cancel()
        await self._primary.close()
        if self._fallback:
            await self._fallback.close()

    @property
    def _share(self) -> float:
        """Of the time, the primary's."""
        return ATTEMPT_SHARE if self._fallback else 1

    def _open(self, error: Exception) -> None:
        if self.open_since is None:
            self.open_since = time.monotonic()
            BREAKER_OPEN.set(1)
            instead = "the CPU answers instead" if self._fallback else "requests get 503"
            log.warning("the model server fails (%s): %s", error, instead)

    async def _probe(self) -> None:
        while True:
            if self.open_since is not None and await self._is_back():
                log.info(
                    "the model server answers after %.1f s", time.monotonic() - self.open_since
                )
                self.open_since = None
                BREAKER_OPEN.set(0)
            await asyncio.sleep(PROBE_INTERVAL_S)

    async def _is_back(self) -> bool:
        """Ask; whatever goes wrong, this must go on, or Triton would never be asked again."""
        try:
            return await self._primary.ready()
        except Exception:
            log.exception("the model server cannot be probed")
            return False
