"""Traces requests and their stages for an OpenTelemetry collector; does nothing if that is off.

Spans contain sizes, devices and outcomes, but no error messages: these may quote the request.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.concurrency import Cooldown

Attributes = Mapping[str, str | int | float]

EXPORT_TIMEOUT_S = 5.0
"""For one attempt to send spans. Others wait in a queue; when it is full, they are dropped."""
SHUTDOWN_TIMEOUT_S = 3.0
"""For sending the last spans when the process ends; afterwards no further attempt is made."""
EXPORT_WARNING_INTERVAL_S = 60.0
EXPORT_LOGGERS = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)
"""Without a limit, they log each batch and span that the collector does not accept."""

_tracer: Tracer | None = None
_w3c = TraceContextTextMapPropagator()


@asynccontextmanager
async def exporting(url: str, ratio: float) -> AsyncIterator[None]:
    """Trace inside the block.

    Args:
        url: endpoint for spans, OTLP over HTTP; empty: do not trace.
        ratio: share of the requests without a `traceparent` that are traced, 0 to 1.
    """
    global _tracer
    if not url:
        yield
        return
    # Here, since importing them takes a tenth of a second.
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
    with _limited_export_warnings():
        _tracer = provider.get_tracer("clearbg", _version())
        try:
            yield
        finally:
            _tracer = None
            loop = asyncio.get_running_loop()
            give_up_timer = loop.call_later(SHUTDOWN_TIMEOUT_S, exporter.shutdown)
            await asyncio.to_thread(provider.shutdown)
            give_up_timer.cancel()


@contextmanager
def continue_trace(name: str, headers: Mapping[str, str], kind: SpanKind) -> Iterator[None]:
    """Open a span in the trace of a `traceparent` header, or in a new trace without one."""
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
    """Open a child of the current span; an exception in the block marks it as failed."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield
        except BaseException as error:
            mark_failed(getattr(error, "slug", type(error).__name__))
            raise


def set_attributes(attributes: Attributes, name: str = "") -> None:
    """Set attributes of the current span, and its name if one is given."""
    current = trace.get_current_span()
    current.set_attributes(attributes)
    if name:
        current.update_name(name)


def mark_failed(kind: str) -> None:
    """Mark the current span as failed, with the slug or type of the error."""
    current = trace.get_current_span()
    current.set_attribute("error.type", kind)
    current.set_status(StatusCode.ERROR)


def headers() -> dict[str, str]:
    """Return headers that continue the current trace in another process; empty without a trace."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier


def is_sampled() -> bool:
    """Return whether the current trace is sampled: recorded and exported."""
    return trace.get_current_span().get_span_context().trace_flags.sampled


def ids() -> dict[str, str]:
    """Return the ids of the current trace and span, for logs; empty if there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def exemplar() -> dict[str, str] | None:
    """Return an exemplar that links a metric to the current trace; None if it is not sampled."""
    return {"trace_id": ids()["trace_id"]} if is_sampled() else None


def _version() -> str:
    return version("clearbg")


class _RateLimitFilter(logging.Filter):
    """Passes one message per EXPORT_WARNING_INTERVAL_S."""

    def __init__(self) -> None:
        super().__init__()
        self._cooldown = Cooldown(EXPORT_WARNING_INTERVAL_S)

    def filter(self, record: logging.LogRecord) -> bool:
        if self._cooldown.is_active:
            return False
        self._cooldown.start()
        return True


@contextmanager
def _limited_export_warnings() -> Iterator[None]:
    rate_limit = _RateLimitFilter()
    loggers = [logging.getLogger(name) for name in EXPORT_LOGGERS]
    for logger in loggers:
        logger.addFilter(rate_limit)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(rate_limit)
