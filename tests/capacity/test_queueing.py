"""The formulas, against figures calculated by hand and properties of every queue."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity.queueing import erlang_c, servers_needed, wait_s

rates = st.floats(0.01, 200)
services = st.floats(0.001, 2)


def test_one_server_waits_as_often_as_it_is_busy() -> None:
    assert erlang_c(1, 0.8) == pytest.approx(0.8)


def test_two_servers_at_three_quarters() -> None:
    # C(2, a) = a² / (2 + a): 1.5² / 3.5.
    assert erlang_c(2, 1.5) == pytest.approx(2.25 / 3.5)


def test_the_wait_of_one_server_by_hand() -> None:
    # M/M/1 at 80 %, service 0.1 s: P(wait > t) = 0.8 exp(-2 t), so the p95 is ln(16) / 2.
    assert wait_s(8, 0.1, 1) == pytest.approx(math.log(16) / 2)


def test_a_constant_service_time_halves_the_wait() -> None:
    assert wait_s(8, 0.1, 1, squared_variation=0) == pytest.approx(math.log(16) / 4)


def test_the_p95_wait_is_0_where_19_of_20_find_a_free_server() -> None:
    assert wait_s(1, 0.04, 1) == 0


def test_the_wait_in_a_growing_queue_is_infinite() -> None:
    assert wait_s(10, 0.1, 1) == math.inf
    assert erlang_c(1, 3) == 1


def test_the_servers_needed_by_hand() -> None:
    # 8 a second at 0.1 s: one server waits 1.39 s, two 0.127 s: C = 0.64 / 2.8, mean 0.1 / 1.2.
    assert wait_s(8, 0.1, 2) == pytest.approx(0.1 / 1.2 * math.log(0.64 / 2.8 / 0.05))
    assert [servers_needed(8, 0.1, max_wait_s) for max_wait_s in (1.4, 1.3, 0.1)] == [1, 2, 3]


@given(rates, services, st.integers(1, 30), st.floats(1, 3))
def test_more_load_never_waits_less(rate: float, service: float, count: int, more: float) -> None:
    assert wait_s(rate * more, service, count) >= wait_s(rate, service, count) - 1e-9


@given(rates, services, st.integers(1, 30))
def test_one_more_server_never_waits_longer(rate: float, service: float, count: int) -> None:
    assert wait_s(rate, service, count + 1) <= wait_s(rate, service, count) + 1e-9


@given(rates, services, st.floats(0.01, 5))
def test_one_server_fewer_would_miss_the_limit(rate: float, service: float, limit: float) -> None:
    count = servers_needed(rate, service, limit)
    assert wait_s(rate, service, count) <= limit
    assert count == 1 or wait_s(rate, service, count - 1) > limit


@given(st.integers(1, 500), st.floats(0, 0.999))
def test_the_share_that_waits_is_between_0_and_1(count: int, busy: float) -> None:
    assert 0 <= erlang_c(count, count * busy) <= 1


def test_a_wrong_unit_is_suspected() -> None:
    with pytest.raises(ValueError, match="servers"):
        servers_needed(1e6, 1, 1)
