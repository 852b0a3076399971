"""An OpenTelemetry collector that keeps the spans it is sent, by OTLP over HTTP."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.servers.web import answering


@dataclass(frozen=True)
class Span:
    """One span; ids in hex."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    failed: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Collector:
    """What it was sent."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Take spans: our own as protobuf, Triton's as JSON."""
        assert request.path == "/v1/traces"
        body = await request.read()
        self.bodies.append(body)
        is_json = request.content_type == "application/json"
        self.spans += _of_json(json.loads(body)) if is_json else _of_protobuf(body)
        return web.Response()

    def tree(self, span: Span | None = None) -> dict[str, Any]:
        """Names of spans below one, or below those whose parents are elsewhere."""
        known = {each.id for each in self.spans}
        below = [
            each
            for each in self.spans
            if (each.parent_id == span.id if span else each.parent_id not in known)
        ]
        return {each.name: self.tree(each) for each in below}

    def named(self, name: str) -> Span:
        """The only span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on loopback."""
    collector = Collector()
    async with answering(collector.handle) as address:
        collector.url = f"http://{address}/v1/traces"
        yield collector


def _of_protobuf(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
                    attributes={each.key: _value(each.value) for each in span.attributes},
                )


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


def _of_json(body: Any) -> Iterator[Span]:
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield Span(span["name"], span["traceId"], span["spanId"], span["parentSpanId"])
