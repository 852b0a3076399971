import pytest

from gateway.errors import Overloaded
from gateway.models.backlog import Backlog


def test_one_long_stall_does_not_lock_an_idle_model() -> None:
    backlog = Backlog(max_images=3)
    backlog.measured(3600)
    with backlog.place(timeout_s=1), pytest.raises(Overloaded), backlog.place(timeout_s=1):
        pass
    with backlog.place(timeout_s=1):
        backlog.measured(0.01)


def test_what_would_not_be_done_in_time_is_told_how_long_it_would_take() -> None:
    backlog = Backlog(max_images=10)
    backlog.measured(2)
    with backlog.place(timeout_s=3), backlog.place(timeout_s=4):
        with pytest.raises(Overloaded) as refused, backlog.place(timeout_s=5):
            pass
        assert refused.value.retry_after_s == 6
        assert backlog.images == 2
    assert backlog.images == 0
