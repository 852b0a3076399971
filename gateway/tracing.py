"""Spans of requests and their stages, for an OpenTelemetry collector; nothing where that is off.

A span carries sizes, devices and outcomes. What errors say stays out: they may quote what was sent.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Attributes = Mapping[str, str | int | float]

EXPORT_TIMEOUT_S = 5.0
"""For one try to send spans; meanwhile more wait in a queue, and what does not fit is dropped."""
SHUTDOWN_TIMEOUT_S = 3.0
"""For the last spans, at the end of the process; then no further try is begun."""
COMPLAINT_PERIOD_S = 60.0
COMPLAINERS = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)
"""They say for each batch, and each span, that the collector does not answer."""

_tracer: Tracer | None = None
_w3c = TraceContextTextMapPropagator()


@asynccontextmanager
async def exporting(url: str, ratio: float) -> AsyncIterator[None]:
    """Trace what happens inside the block.

    Args:
        url: that spans are sent to; empty: nothing is traced.
        ratio: of requests that are traced, 0 to 1, where their callers do not say.
    """
    global _tracer
    if not url:
        yield
        return
    # Here: a tenth of a second to import.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    exporter = OTLPSpanExporter(url, timeout=EXPORT_TIMEOUT_S)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({"service.name": "clearbg", "service.version": _version()}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with _complaining_seldom():
        _tracer = provider.get_tracer("clearbg", _version())
        try:
            yield
        finally:
            _tracer = None
            loop = asyncio.get_running_loop()
            giving_up = loop.call_later(SHUTDOWN_TIMEOUT_S, exporter.shutdown)
            await asyncio.to_thread(provider.shutdown)
            giving_up.cancel()


@contextmanager
def continued(name: str, headers: Mapping[str, str], kind: SpanKind) -> Iterator[None]:
    """A span that goes on with the trace of who sent these headers; without any, a new trace."""
    if _tracer is None:
        yield
        return
    caller = _w3c.extract(headers, Context())
    with _tracer.start_as_current_span(
        name, caller, kind, record_exception=False, set_status_on_exception=False
    ):
        yield


@contextmanager
def span(name: str, attributes: Attributes | None = None) -> Iterator[None]:
    """A part of the current span; an error that leaves the block marks it as failed."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield
        except BaseException as error:
            failed(getattr(error, "slug", type(error).__name__))
            raise


def note(attributes: Attributes, name: str = "") -> None:
    """Add to the current span what is known only now; its name too, if one is given."""
    current = trace.get_current_span()
    current.set_attributes(attributes)
    if name:
        current.update_name(name)


def failed(kind: str) -> None:
    """Mark the current span as failed."""
    current = trace.get_current_span()
    current.set_attribute("error.type", kind)
    current.set_status(StatusCode.ERROR)


def headers() -> dict[str, str]:
    """What continues the current trace elsewhere; nothing where there is none."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier


def is_sampled() -> bool:
    """Whether the current trace is one that is kept."""
    return trace.get_current_span().get_span_context().trace_flags.sampled


def ids() -> dict[str, str]:
    """Of the current trace and span, for logs; nothing where there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def exemplar() -> dict[str, str] | None:
    """What leads from a metric to the current trace, if that is kept."""
    return {"trace_id": ids()["trace_id"]} if is_sampled() else None


def _version() -> str:
    return version("clearbg")


class _Seldom(logging.Filter):
    """Lets one message pass in a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._next_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + COMPLAINT_PERIOD_S
        return True


@contextmanager
def _complaining_seldom() -> Iterator[None]:
    seldom = _Seldom()
    loggers = [logging.getLogger(name) for name in COMPLAINERS]
    for logger in loggers:
        logger.addFilter(seldom)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(seldom)
