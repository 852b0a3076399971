"""One HTTP connection, which is closed once it has been idle for `KEEP_ALIVE_S`."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

KEEP_ALIVE_S = 5
"""How long a connection may wait for its next request."""


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol, which also closes connections that were answered early.

    A wrong key is answered before the body has arrived. What still arrives stops uvicorn's timer,
    and no later answer starts it again: a client whose upload stalls there would wait for ever.
    """

    def data_received(self, data: bytes) -> None:
        """Process bytes from the client."""
        super().data_received(data)
        answered = self.cycle is not None and self.cycle.response_complete
        if answered and not self.timeout_keep_alive_task and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def close_after_answer(self) -> None:
        """Announce in the answer in progress, if it has not started, that the connection closes."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False
