"""Whose turn it is to ask the model server: what waits here does not wait in Triton's queue."""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.models.model import Priority


@dataclass(order=True)
class _Waiting:
    priority: Priority
    number: int
    """Makes equal priorities first come, first served."""
    turn: asyncio.Future[None] = field(compare=False)


class Turns:
    """Lets images through, interactive ones first.

    Bulk images wait here: in Triton's queue they would fill up the batches of interactive ones,
    which then wait for the whole batch.

    Attributes:
        most_bulk: bulk images that may be with the server at once.
        paced: for one server on a CPU, where the next batch helps nobody. Half of the images are
            held back, and bulk ones until no interactive one is asked for. The reason: Triton 2.51
            looks at what waits for a busy model only when something arrives, else twice a second.
            Now something always does: an answer lets the next image go. And one that finds the
            server busy with one other image waits here, and finds it idle.
    """

    def __init__(self) -> None:
        self.most_bulk = 1
        self.paced = False
        self._numbers = itertools.count()
        self._waiting: list[_Waiting] = []
        self._asking: Counter[Priority] = Counter()

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for the turn of one image, and hold it inside the block."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, _Waiting(priority, next(self._numbers), turn))
        self._let_through()
        try:
            await turn
            yield
        finally:
            if turn.cancelled():
                self._waiting = [image for image in self._waiting if image.turn is not turn]
                heapq.heapify(self._waiting)
            else:
                self._asking[priority] -= 1
            self._let_through()

    def _let_through(self) -> None:
        while self._waiting and self._may_go(self._waiting[0].priority):
            image = heapq.heappop(self._waiting)
            if not image.turn.done():
                self._asking[image.priority] += 1
                image.turn.set_result(None)

    def _may_go(self, priority: Priority) -> bool:
        if priority is Priority.BULK:
            busy = self.paced and self._asking.total() > 0
            return not busy and self._asking[Priority.BULK] < self.most_bulk
        if not self.paced:
            return True
        waiting = sum(image.priority is Priority.INTERACTIVE for image in self._waiting)
        asked = self._asking[Priority.INTERACTIVE] + waiting
        return self._asking.total() < max(1, asked // 2)
