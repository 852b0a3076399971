"""A circuit breaker: Triton computes the masks, or the CPU in this process while Triton fails."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.concurrency import loop_time
from gateway.errors import DeadlineExceeded, ModelUnavailable, Overloaded
from gateway.models.backend import Backend, ConcurrencyLimits
from gateway.models.model import Health, Inference, Priority
from gateway.models.service_time import ServiceTime
from gateway.observability.metrics import BREAKER_OPEN, FALLBACKS
from serving.manifest import DEFAULT

log = logging.getLogger(__name__)

PROBE_INTERVAL_S = 0.5
SILENCE_S, SILENCE_IMAGES = 3.0, 8
"""A primary hangs if it has images and has answered none of them for SILENCE_S, and for as long as
SILENCE_IMAGES take on average: the second limit is for one that is merely slow."""
ATTEMPT_SHARE = 0.5
"""Share of the time left that one attempt may take, unless the limits above are longer. If one of
several servers hangs while the others answer, its images go to the fallback one by one."""
TRUSTED_S = 30.0
"""Seconds for which an answer shows that the server works, while other models on it fail."""


class Failover:
    """Uses `primary`; while it fails, uses `fallback` and probes `primary` until it recovers.

    The breaker opens at the first failure, since a failed attempt has cost its caller time, and
    closes when `primary.ready()`, a real inference, succeeds. It starts open, since the primary may
    still be loading. When the primary hangs, all its images move to the fallback at once, so that
    each caller still has time left.

    Args:
        primary: computes the masks while the breaker is closed.
        fallback: computes them while the breaker is open; None: requests fail at once.
        name: of the model, for the metrics.
        peers: the models on the same server, this one may be among them. While one of them fails, a
            primary without images is probed too, to know whether the whole server fails.
        failures: errors of the primary that open the breaker.
    """

    def __init__(
        self,
        primary: Backend,
        fallback: Backend | None,
        *,
        name: str = DEFAULT,
        peers: Collection["Failover"] = (),
        failures: tuple[type[Exception], ...] = (ModelUnavailable,),
    ) -> None:
        self._primary, self._fallback, self._peers = primary, fallback, peers
        self._name, self._failures = name, failures
        self._breaker, self._fallbacks = BREAKER_OPEN.labels(name), FALLBACKS.labels(name)
        self.open_since: float | None = loop_time()
        """When the breaker opened, on the event loop's clock; None while it is closed."""
        self._answered_at = 0.0
        self._attempts: set[asyncio.Task[Inference]] = set()
        self._probe_lock = asyncio.Lock()
        self._breaker.set(1)
        self._watch_task = asyncio.create_task(self._watch())

    @property
    def devices(self) -> tuple[str, ...]:
        """See Backend."""
        return self._primary.devices + (self._fallback.devices if self._fallback else ())

    @property
    def health(self) -> Health:
        """See Backend."""
        if self.open_since is None:
            return self._primary.health
        standing_in = self._fallback.health if self._fallback else Health("", "")
        return replace(standing_in, failing_s=loop_time() - self.open_since)

    @property
    def service_time(self) -> ServiceTime:
        """See Backend."""
        return self._active.service_time

    @property
    def limits(self) -> ConcurrencyLimits | None:
        """See Backend."""
        can_run = self.open_since is None or self._fallback
        return self._active.limits if can_run else None

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Backend."""
        deadline = loop_time() + timeout_s
        if self.open_since is None:
            try:
                return await self._attempt(image, priority, timeout_s)
            except _AttemptAbandoned:
                pass  # `_watch` opens the breaker if the primary answers no other image either
            except (Overloaded, DeadlineExceeded):
                raise
            except self._failures as error:
                self._open(str(error))
        if not self._fallback:
            raise ModelUnavailable("The model server does not answer.", PROBE_INTERVAL_S)
        self._fallbacks.inc()
        return await self._fallback.infer(
            image, priority=priority, timeout_s=deadline - loop_time()
        )

    async def ready(self) -> bool:
        """See Backend."""
        return self.open_since is None or bool(self._fallback and await self._fallback.ready())

    async def probe(self) -> bool:
        """Probe the primary if the breaker is open; return whether it is closed now."""
        async with self._probe_lock:
            if self.open_since is not None and await self._is_primary_ready():
                opened_s = loop_time() - self.open_since
                log.info("the model server answers for %s after %.1f s", self._name, opened_s)
                self.open_since, self._answered_at = None, loop_time()
                self._breaker.set(0)
            return self.open_since is None

    async def close(self) -> None:
        """See Backend."""
        self._watch_task.cancel()
        await self._primary.close()
        if self._fallback:
            await self._fallback.close()

    @property
    def _active(self) -> Backend:
        return self._primary if self.open_since is None else self._fallback or self._primary

    async def _attempt(
        self, image: NDArray[np.uint8], priority: Priority, timeout_s: float
    ) -> Inference:
        """Run one image on the primary; `_watch` cancels the attempt if the primary hangs.

        Raises:
            ModelUnavailable: the primary failed.
            _AttemptAbandoned: the primary hangs, or took too long for this image.
        """
        attempt = asyncio.create_task(
            self._primary.infer(image, priority=priority, timeout_s=timeout_s)
        )
        self._attempts.add(attempt)
        attempt_timeout_s = (
            max(ATTEMPT_SHARE * timeout_s, self._max_silence_s) if self._fallback else None
        )
        try:
            await asyncio.wait([attempt], timeout=attempt_timeout_s)
        finally:
            self._attempts.discard(attempt)
            attempt.cancel()  # also if the caller was cancelled
        if attempt.cancelled() or not attempt.done():
            raise _AttemptAbandoned("The model server hangs.", PROBE_INTERVAL_S)
        answer = attempt.result()
        self._answered_at = loop_time()
        return answer

    def _open(self, reason: str) -> None:
        if self.open_since is None:
            self.open_since = loop_time()
            self._breaker.set(1)
            instead = "the CPU answers instead" if self._fallback else "requests get 503"
            log.warning("the model server fails for %s (%s): %s", self._name, reason, instead)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PROBE_INTERVAL_S)
            if self.open_since is not None:
                await self.probe()
            elif self._is_primary_hanging():
                self._open("no answer")
                for attempt in self._attempts:
                    attempt.cancel()
            elif self._is_doubtful():
                await self._probe_idle()

    def _is_primary_hanging(self) -> bool:
        return bool(self._attempts) and self._primary.service_time.silence_s > self._max_silence_s

    def _is_doubtful(self) -> bool:
        """Return whether a peer fails, and nothing shows that this primary still answers."""
        opened = [peer.open_since for peer in self._peers if peer.open_since is not None]
        since = max([*opened, loop_time() - TRUSTED_S])
        return bool(opened) and not self._attempts and self._answered_at < since

    async def _probe_idle(self) -> None:
        try:
            async with asyncio.timeout(self._max_silence_s):
                answers = await self._is_primary_ready()
        except TimeoutError:
            answers = False
        if answers:
            self._answered_at = loop_time()
        else:
            self._open("no answer to a probe")

    @property
    def _max_silence_s(self) -> float:
        """Seconds without an answer after which the primary counts as hanging."""
        return max(SILENCE_S, SILENCE_IMAGES * self._primary.service_time.average_s)

    async def _is_primary_ready(self) -> bool:
        """Probe the primary. Any exception counts as a failure: probing must never stop."""
        try:
            return await self._primary.ready()
        except Exception:
            log.exception("probing the model server failed unexpectedly")
            return False


class _AttemptAbandoned(ModelUnavailable):
    """An attempt was cancelled because the primary took too long."""
