"""Equal requests at the same time: one computes, the others wait and take what it has found."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Found = TypeVar("Found")


@dataclass
class Turn(Generic[Found]):
    """What the requests with one key share while there are some."""

    found: Found | None = None
    """Set by the one whose turn it is, for those that wait."""
    requests: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


class Turns(Generic[Found]):
    """Lets the requests with the same key take turns, in the order of their arrival.

    So when the first one fails or is cancelled, the next one does its work, with its own deadline
    and priority; nobody depends on another's success.
    """

    def __init__(self) -> None:
        self._turns: dict[Hashable, Turn[Found]] = {}

    def is_taken(self, key: Hashable) -> bool:
        """Return whether requests with this key are in progress."""
        return key in self._turns

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[Turn[Found]]:
        """Wait for one's turn, and hold it inside the block."""
        turn = self._turns.setdefault(key, Turn())
        turn.requests += 1
        try:
            async with turn.lock:
                yield turn
        finally:
            turn.requests -= 1
            if not turn.requests:
                del self._turns[key]
