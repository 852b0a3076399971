"""Triton's own counters, parsed from its JSON."""

import pytest

from gateway.models.statistics import Statistics

EARLY = {
    "model_stats": [
        {
            "inference_count": "3",
            "inference_stats": {
                "queue": {"count": "3", "ns": "1000000000"},
                "compute_infer": {"count": "3", "ns": "3000000000"},
            },
            "batch_stats": [{"batch_size": "1", "compute_infer": {"count": "3", "ns": "1"}}],
        }
    ]
}
LATE = {
    "model_stats": [
        {
            "inference_count": "7",
            "inference_stats": {
                "queue": {"count": "7", "ns": "2500000000"},
                "compute_infer": {"count": "7", "ns": "9000000000"},
            },
            "batch_stats": [
                {"batch_size": "1", "compute_infer": {"count": "3", "ns": "1"}},
                {"batch_size": "2", "compute_infer": {"count": "2", "ns": "1"}},
            ],
        }
    ]
}
IDLE = {"model_stats": [{"name": "isnet", "inference_stats": {"queue": {}, "compute_infer": {}}}]}


def test_subtracting_gives_what_happened_in_between() -> None:
    between = Statistics.parse(LATE) - Statistics.parse(EARLY)
    assert (between.images, dict(between.executions)) == (4, {2: 2})
    assert (between.queue_s, between.compute_s) == pytest.approx((1.5, 6.0))


def test_counters_that_are_left_out_are_zero() -> None:
    assert Statistics.parse(IDLE) == Statistics()
