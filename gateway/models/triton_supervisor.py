"""Keeps the embedded tritonserver running: restarts it when it has died or no longer answers."""

import asyncio
import logging
import time
from collections.abc import Callable

from serving.tritonserver import TritonServer

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 0.2
LOAD_TIMEOUT_S = 120.0
"""Until the first answer of a new server."""
SILENCE_TIMEOUT_S = 4.0
"""A server that has answered before and is silent for this long hangs, or its python stub died."""
MIN_BACKOFF_S, MAX_BACKOFF_S = 0.5, 30.0
HEALTHY_S = 60.0
"""A server that ran for this long resets the backoff."""


class TritonSupervisor:
    """Starts a server and restarts it when it fails, with exponential backoff.

    Args:
        server: started here, in the event loop's thread, and stopped by `close`.
        silent_since: returns when the server stopped answering (time.monotonic), or None while it
            answers.
    """

    def __init__(self, server: TritonServer, silent_since: Callable[[], float | None]) -> None:
        self._server, self._silent_since = server, silent_since
        server.start()
        self._task = asyncio.create_task(self._supervise())

    async def close(self) -> None:
        """Stop supervising, then stop the server."""
        self._task.cancel()
        await asyncio.to_thread(self._server.stop)

    async def _supervise(self) -> None:
        backoff_s = MIN_BACKOFF_S
        while True:
            started = time.monotonic()
            reason = await self._wait_for_failure(started)
            log.warning("tritonserver %s: restarting in %.1f s", reason, backoff_s)
            await asyncio.to_thread(self._server.kill)
            await asyncio.sleep(backoff_s)
            uptime_s = time.monotonic() - started
            backoff_s = MIN_BACKOFF_S if uptime_s > HEALTHY_S else backoff_s * 2
            backoff_s = min(backoff_s, MAX_BACKOFF_S)
            self._server.start()

    async def _wait_for_failure(self, started: float) -> str:
        """Wait until the server must be restarted; return the reason for the log."""
        has_answered = False
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            if not self._server.is_alive:
                return "died"
            silent_since = self._silent_since()
            has_answered = has_answered or silent_since is None
            timeout_s = SILENCE_TIMEOUT_S if has_answered else LOAD_TIMEOUT_S
            if silent_since and time.monotonic() - max(started, silent_since) > timeout_s:
                return f"has not answered for {timeout_s:g} s"
