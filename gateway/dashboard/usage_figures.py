"""The figures of the usage page: each a chart, and a sentence that says what it shows."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.accounts.usage_report import Figures, Report
from gateway.dashboard import charts
from gateway.dashboard.charts import Chart, Times, Values


@dataclass(frozen=True)
class Figure:
    """A chart with what stands around it."""

    id: str
    title: str
    unit: str
    drawing: Chart
    told: str
    """For those who cannot see the drawing."""


def draw(report: Report, times: Times, each: str) -> list[Figure]:
    """Draw all figures.

    Args:
        report: the numbers.
        times: of its buckets.
        each: what a bucket is, such as `minute`.
    """
    return [
        _images(report, times, each),
        _megapixels(report, times, each),
        _requests(report, times, each),
        _latency(report, times, each),
    ]


def _images(report: Report, times: Times, each: str) -> Figure:
    drawing = charts.bars(times, [_values(report, "images", lambda figures: figures.images)])
    told = f"{report.total.images:,} images were cut out."
    return Figure("images", "Images", f"images per {each}", drawing, told)


def _megapixels(report: Report, times: Times, each: str) -> Figure:
    values = _values(report, "megapixels", lambda figures: figures.megapixels)
    told = f"These had {report.total.megapixels:,} megapixels."
    unit = f"megapixels per {each}"
    return Figure("megapixels", "Megapixels", unit, charts.bars(times, [values]), told)


def _requests(report: Report, times: Times, each: str) -> Figure:
    series = [
        _values(report, "succeeded", lambda figures: figures.succeeded),
        _values(report, "failed", lambda figures: figures.failed),
    ]
    total = report.total
    told = (
        f"{total.requests:,} requests were answered; {total.failed:,} requests and images failed."
    )
    drawing = charts.bars(times, series)
    return Figure("requests", "Requests and errors", f"per {each}", drawing, told)


def _latency(report: Report, times: Times, each: str) -> Figure:
    series = [
        _values(report, "median (p50)", lambda figures: figures.p50_s),
        _values(report, "95 % are faster (p95)", lambda figures: figures.p95_s),
    ]
    p50_s, p95_s = report.total.p50_s, report.total.p95_s
    told = "No request had an image."
    if p50_s is not None and p95_s is not None:
        told = f"Half took at most {p50_s:.2f} s, and 95 % at most {p95_s:.2f} s."
    unit = f"seconds, of the requests of each {each}"
    return Figure("latency", "Latency of images", unit, charts.lines(times, series), told)


def _values(report: Report, name: str, read: Callable[[Figures], float | None]) -> Values:
    buckets = (report.buckets.get(start_s) for start_s in report.period.starts)
    return Values(name, [read(bucket) if bucket else None for bucket in buckets])
