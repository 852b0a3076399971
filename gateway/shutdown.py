"""What the process is asked for by signals."""

import asyncio
import signal


class Shutdown:
    """SIGTERM asks for a shutdown; SIGINT, or any second signal, for one without draining.

    Create it inside the event loop.

    Attributes:
        requested: set by the first signal.
        at_once: set when the process must not drain first: somebody waits at the terminal.
    """

    def __init__(self) -> None:
        self.requested, self.at_once = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)

    def _terminate(self) -> None:
        if self.requested.is_set():
            self.at_once.set()
        self.requested.set()

    def _interrupt(self) -> None:
        self.at_once.set()
        self.requested.set()
