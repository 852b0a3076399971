from contextlib import ExitStack

import pytest

from gateway.errors import Overloaded
from gateway.models.load_shedder import LoadShedder
from gateway.models.model import Priority, QueueState


def test_too_high_an_estimate_does_not_block_an_idle_model() -> None:
    seconds = 3600.0
    load_shedder = LoadShedder(3, lambda _: seconds)
    with (
        load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=1),
        pytest.raises(Overloaded),
        load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=1),
    ):
        pass
    with load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=1):
        pass


def test_a_rejection_says_how_long_the_image_would_take() -> None:
    load_shedder = LoadShedder(10, lambda _: 2)
    with (
        load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=3),
        load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=6),
    ):
        with (
            pytest.raises(Overloaded) as rejected,
            load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=7),
        ):
            pass
        assert rejected.value.retry_after_s == 6
    assert load_shedder.images_ahead("isnet", Priority.INTERACTIVE) == 0


def test_interactive_images_wait_for_one_bulk_image_at_most() -> None:
    load_shedder = LoadShedder(3, lambda _: 1)
    with ExitStack() as waiting:
        for _ in range(3):
            waiting.enter_context(load_shedder.admit("isnet", Priority.BULK, timeout_s=60))
        with pytest.raises(Overloaded), load_shedder.admit("isnet", Priority.BULK, timeout_s=60):
            pass
        with load_shedder.admit("isnet", Priority.INTERACTIVE, timeout_s=3):
            assert load_shedder.images_ahead("isnet", Priority.INTERACTIVE) == 2
            assert load_shedder.images_ahead("isnet", Priority.BULK) == 4


def test_the_state_of_the_queue_is_that_of_one_model() -> None:
    load_shedder = LoadShedder(10, lambda _: 2)
    with ExitStack() as waiting:
        for priority in (Priority.INTERACTIVE, Priority.BULK, Priority.BULK):
            waiting.enter_context(load_shedder.admit("isnet", priority, timeout_s=60))
        assert load_shedder.state("isnet") == QueueState(interactive=1, bulk=2, wait_s=6)
        assert load_shedder.state("other").interactive == 0
