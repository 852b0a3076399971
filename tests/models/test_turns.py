"""Who is let through to the model server, and when."""

import asyncio

import pytest

from gateway.models.model import Priority
from gateway.models.turns import Turns

KINDS = {"i": Priority.INTERACTIVE, "b": Priority.BULK}


class Images:
    """Images that are with the server until they are told to be done."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.asking: list[str] = []
        self._done: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        """Send images, `i…` for interactive and `b…` for bulk ones."""
        for name in names:
            self._done[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._one(name))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def finish(self, name: str) -> None:
        self._done[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def _one(self, name: str) -> None:
        async with self._turns.turn(KINDS[name[0]]):
            self.asking.append(name)
            await self._done[name].wait()
            self.asking.remove(name)


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def images(turns: Turns) -> Images:
    return Images(turns)


async def test_a_gpu_gets_all_interactive_images_and_some_bulk_ones(
    turns: Turns, images: Images
) -> None:
    turns.most_bulk = 2
    await images.ask("b1", "b2", "b3", "i1", "i2")
    assert sorted(images.asking) == ["b1", "b2", "i1", "i2"]
    await images.finish("b1")
    assert sorted(images.asking) == ["b2", "b3", "i1", "i2"]


async def test_a_cpu_gets_the_next_image_when_it_is_idle(turns: Turns, images: Images) -> None:
    turns.paced = True
    await images.ask("b1", "b2", "i1")
    assert images.asking == ["b1"]
    await images.finish("b1")
    assert images.asking == ["i1"], "the interactive image overtakes"
    await images.ask("i2")
    assert images.asking == ["i1"]
    await images.finish("i1")
    assert images.asking == ["i2"], "bulk waits while interactive images come"
    await images.finish("i2")
    assert images.asking == ["b2"]


async def test_half_of_many_are_with_a_cpu_so_that_batches_form(
    turns: Turns, images: Images
) -> None:
    turns.paced = True
    await images.ask(*(f"i{number}" for number in range(8)))
    assert images.asking == ["i0", "i1", "i2", "i3"]
    await images.finish("i0")
    assert images.asking == ["i1", "i2", "i3"], "three of seven"
    await images.ask("i8")
    assert images.asking == ["i1", "i2", "i3", "i4"]


async def test_who_gives_up_leaves_the_queue_and_its_turn(turns: Turns, images: Images) -> None:
    turns.paced = True
    await images.ask("i1", "i2", "i3")
    for name in ("i2", "i1"):
        images.tasks[name].cancel()
        await asyncio.gather(images.tasks[name], return_exceptions=True)
    await asyncio.sleep(0)
    assert images.asking[-1] == "i3"
    await images.finish("i3")
    await images.ask("b1")
    assert images.asking[-1] == "b1"
