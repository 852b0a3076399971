"""Equal requests take turns: the first one's failure is not the others'."""

import asyncio

import pytest

from gateway.masks.turns import Turns
from tests.waiting import until


class Work:
    """What requests do in their turn: find it done, or do it when they are let."""

    def __init__(self) -> None:
        self.turns: Turns[str] = Turns()
        self.started: list[str] = []
        self.go = asyncio.Event()
        self.fail = False

    async def request(self, name: str) -> str:
        async with self.turns.turn("key") as turn:
            if turn.found:
                return turn.found
            self.started.append(name)
            await self.go.wait()
            if self.fail:
                raise RuntimeError(name)
            turn.found = f"by {name}"
            return turn.found

    async def waiting(self, *names: str) -> "list[asyncio.Task[str]]":
        tasks = [asyncio.create_task(self.request(name)) for name in names]
        await until(lambda: len(self.started) == 1)
        return tasks


async def test_one_works_for_all() -> None:
    work = Work()
    tasks = await work.waiting(*"abcde")
    assert work.turns.is_taken("key")
    assert not work.turns.is_taken("another")
    work.go.set()
    assert await asyncio.gather(*tasks) == ["by a"] * 5
    assert work.started == ["a"]
    assert not work.turns.is_taken("key")


async def test_the_next_one_takes_over_from_one_that_is_cancelled() -> None:
    work = Work()
    first, second, third, fourth = await work.waiting(*"abcd")
    second.cancel()
    first.cancel()
    await until(lambda: len(work.started) == 2)
    work.go.set()
    assert set(await asyncio.gather(third, fourth)) == {"by c"}
    assert work.started[1:] == ["c"]
    assert first.cancelled()


async def test_each_has_its_own_failure() -> None:
    work = Work()
    tasks = await work.waiting(*"abc")
    work.fail = True
    work.go.set()
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(failure) for failure in failures] == ["a", "b", "c"]
    assert not work.turns.is_taken("key")


async def test_each_has_its_own_deadline() -> None:
    work = Work()
    (first,) = await work.waiting("a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work.request("b"), 0.01)
    work.go.set()
    assert await first == "by a"
