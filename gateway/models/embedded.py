"""Keeps one tritonserver of our own running: restarts it when it died or no longer answers."""

import asyncio
import logging
import time
from collections.abc import Callable

from serving.tritonserver import TritonServer

log = logging.getLogger(__name__)

LOADING_S = 120.0
"""Given to a new server to answer its first inference."""
SILENT_S = 4.0
"""A server that was up and does not answer for so long has a dead stub or hangs: replaced."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
HEALTHY_S = 60.0
"""After so long a life the next restart waits no longer than the first."""


class Embedded:
    """Supervises a server.

    Args:
        server: started here, in the event loop's thread, and stopped by `close`.
        silent_since: when the server stopped answering (time.monotonic), or None while it answers.
    """

    def __init__(self, server: TritonServer, silent_since: Callable[[], float | None]) -> None:
        self._server, self._silent_since = server, silent_since
        server.start()
        self._task = asyncio.create_task(self._supervise())

    async def close(self) -> None:
        """Stop supervising, then the server."""
        self._task.cancel()
        await asyncio.to_thread(self._server.stop)

    async def _supervise(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            started = time.monotonic()
            reason = await self._failure(started)
            log.warning("tritonserver %s: restarting in %.1f s", reason, backoff_s)
            await asyncio.to_thread(self._server.kill)
            await asyncio.sleep(backoff_s)
            lived_s = time.monotonic() - started
            backoff_s = FIRST_BACKOFF_S if lived_s > HEALTHY_S else backoff_s * 2
            backoff_s = min(backoff_s, LONGEST_BACKOFF_S)
            self._server.start()

    async def _failure(self, started: float) -> str:
        """Wait until the server has to be replaced, and say why."""
        answered = False
        while True:
            await asyncio.sleep(0.2)
            if not self._server.alive:
                return "died"
            silent_since = self._silent_since()
            answered = answered or silent_since is None
            patience_s = SILENT_S if answered else LOADING_S
            if silent_since and time.monotonic() - max(started, silent_since) > patience_s:
                return f"has not answered for {patience_s:g} s"
