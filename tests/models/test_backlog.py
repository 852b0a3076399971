from contextlib import ExitStack

import pytest

from gateway.errors import Overloaded
from gateway.models.backlog import Backlog
from gateway.models.model import Priority


def test_one_long_stall_does_not_lock_an_idle_model() -> None:
    backlog = Backlog(max_images=3)
    backlog.measured(3600)
    with (
        backlog.place(Priority.INTERACTIVE, timeout_s=1),
        pytest.raises(Overloaded),
        backlog.place(Priority.INTERACTIVE, timeout_s=1),
    ):
        pass
    with backlog.place(Priority.INTERACTIVE, timeout_s=1):
        backlog.measured(0.01)


def test_what_would_not_be_done_in_time_is_told_how_long_it_would_take() -> None:
    backlog = Backlog(max_images=10)
    backlog.measured(2)
    with (
        backlog.place(Priority.INTERACTIVE, timeout_s=3),
        backlog.place(Priority.INTERACTIVE, timeout_s=5),
    ):
        with pytest.raises(Overloaded) as refused, backlog.place(Priority.INTERACTIVE, timeout_s=7):
            pass
        assert refused.value.retry_after_s == 6
    assert backlog.in_front(Priority.INTERACTIVE) == 0


def test_interactive_images_wait_for_one_bulk_image_at_most() -> None:
    backlog = Backlog(max_images=3)
    backlog.measured(1)
    with ExitStack() as waiting:
        for _ in range(3):
            waiting.enter_context(backlog.place(Priority.BULK, timeout_s=60))
        with pytest.raises(Overloaded), backlog.place(Priority.BULK, timeout_s=60):
            pass
        with backlog.place(Priority.INTERACTIVE, timeout_s=2.5):
            assert backlog.in_front(Priority.INTERACTIVE) == 2
            assert backlog.in_front(Priority.BULK) == 4
