"""One request is one trace, across all stages and processes."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb
from opentelemetry.trace import SpanKind
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway.errors import ModelUnavailable
from gateway.observability import tracing
from gateway.rest import health
from gateway.settings import Settings
from loadtest.ports import free_port
from tests.bulk.conftest import Bulk, application, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rest.conftest import model, settings
from tests.rpc.calls import Both
from tests.rpc.calls import both as apis
from tests.servers.collector import Collector, collecting

__all__ = ["model", "settings"]

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
STAGES: dict[str, Any] = {"decode": {}, "infer": {}, "compose": {}, "encode": {}}
HTTP, GRPC = "POST /v1/removebg", "clearbg.v1.BackgroundRemovalService/RemoveBackground"
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@asynccontextmanager
async def traced(
    collector: Collector, model: HalfModel, settings: Settings, ratio: float = 1.0
) -> AsyncIterator[Both]:
    """Run both APIs; after the block, the collector has all spans."""
    async with tracing.exporting(collector.url, ratio), apis(model, settings) as service:
        yield service


@asynccontextmanager
async def traced_jobs(
    collector: Collector, model: HalfModel, settings: Settings
) -> AsyncIterator[Bulk]:
    """Run the HTTP API with bulk jobs, likewise."""
    async with tracing.exporting(collector.url, 1.0), application(model, settings) as service:
        yield service


async def by_http(service: Both, image: bytes, headers: dict[str, str]) -> Any:
    files = {"image": ("holiday.png", image)}
    answer = await service.http.client.post("/v1/removebg", files=files, headers=headers)
    return answer.status_code


async def by_grpc(service: Both, image: bytes, headers: dict[str, str]) -> Any:
    metadata = (*service.metadata(), *headers.items())
    call = service.stub.RemoveBackground(pb.RemoveBackgroundRequest(image=image), metadata=metadata)
    return (await call.code()).name


Send = Callable[[Both, bytes, dict[str, str]], Awaitable[Any]]
both = pytest.mark.parametrize(
    ("send", "root"),
    [pytest.param(by_http, HTTP, id="http"), pytest.param(by_grpc, GRPC, id="grpc")],
)


@both
async def test_a_callers_trace_continues_through_all_stages(
    send: Send, root: str, model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with collecting() as collector, traced(collector, model, settings) as service:
        assert await send(service, photo(64, 48), SAMPLED) in (200, "OK")
        assert not collector.spans, "they are sent later, in one batch"
    assert collector.tree() == {root: {"authenticate": {}, "read": {}, "remove": STAGES}}
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert collector.named(root).parent_id == PARENT
    assert not any(span.failed for span in collector.spans)
    sizes = collector.named("decode").attributes
    assert (sizes["clearbg.width"], sizes["clearbg.height"]) == (64, 48)
    inferred = collector.named("infer").attributes
    assert (inferred["clearbg.device"], inferred["clearbg.model_version"]) == ("cpu", "half-1")
    sent = b"".join(collector.bodies)
    assert service.key.encode() not in sent
    assert b"holiday" not in sent


@both
async def test_a_failure_marks_every_span_that_contains_it(
    send: Send, root: str, model: HalfModel, settings: Settings, photo: Photo
) -> None:
    model.fail = ModelUnavailable("secret reasons", 1)
    async with collecting() as collector, traced(collector, model, settings) as service:
        assert await send(service, photo(), {}) in (503, "UNAVAILABLE")
    assert {span.name for span in collector.spans if span.failed} == {root, "remove", "infer"}
    assert collector.named("infer").attributes["error.type"] == "model-unavailable"
    assert b"secret reasons" not in b"".join(collector.bodies)


@both
async def test_an_error_of_the_caller_is_no_failure_of_the_service(
    send: Send, root: str, model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with collecting() as collector, traced(collector, model, settings) as service:
        assert await send(service, photo()[:-30], {}) in (400, "INVALID_ARGUMENT")
    assert collector.named("decode").failed
    assert not collector.named(root).failed


@both
@pytest.mark.parametrize(
    ("headers", "ratio", "kept"),
    [
        pytest.param({}, 1.0, True, id="all"),
        pytest.param({}, 0.0, False, id="none"),
        pytest.param(SAMPLED, 0.0, True, id="the caller wants it"),
        pytest.param(UNSAMPLED, 1.0, False, id="the caller does not"),
        pytest.param({"traceparent": "00-nonsense-01"}, 1.0, True, id="nonsense"),
    ],
)
async def test_sampling_follows_the_caller_or_the_ratio(
    send: Send,
    root: str,
    headers: dict[str, str],
    ratio: float,
    kept: bool,
    model: HalfModel,
    settings: Settings,
    photo: Photo,
) -> None:
    async with collecting() as collector, traced(collector, model, settings, ratio) as service:
        await send(service, photo(), headers)
    assert bool(collector.spans) is kept


@pytest.mark.real
async def test_a_job_run_by_another_process_continues_the_trace_of_its_request(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The second process starts after the first one has ended: the job stores the trace."""
    elsewhere = settings.model_copy(update={"bulk_work": "elsewhere"})
    async with collecting() as collector:
        async with traced_jobs(collector, model, elsewhere) as service:
            service.client.headers.update(SAMPLED)
            job_id = await submit(service, images(photo(), photo()[:-30]))
        made = collector.named("POST /v1/bulk")
        assert (made.trace_id, made.parent_id) == (TRACE, PARENT)
        async with traced_jobs(collector, model, settings) as service:
            await service.wait_until_ended(job_id)
    done = [span for span in collector.spans if span.name == "bulk image"]
    assert [(span.trace_id, span.parent_id) for span in done] == [(TRACE, made.id)] * 2
    assert {span.attributes["clearbg.item"]: span.failed for span in done} == {0: False, 1: True}
    stages = {span.name for span in collector.spans if span.trace_id == TRACE}
    assert stages >= {"remove", *STAGES}


async def test_each_image_of_a_stream_has_its_own_spans(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with collecting() as collector, traced(collector, model, settings) as service:
        one = pb.RemoveBackgroundRequest(image=photo())
        requests = [pb.RemoveBackgroundStreamRequest(id=n, request=one) for n in "ab"]
        call = service.stub.RemoveBackgroundStream(iter(requests), metadata=service.metadata())
        assert len([answer async for answer in call]) == 2
    (root,) = [span for span in collector.spans if span.name.endswith("Stream")]
    removals = [span for span in collector.spans if span.name == "remove"]
    assert [span.parent_id for span in removals] == [root.id] * 2
    assert all(collector.tree(span) == STAGES for span in removals)


@both
async def test_a_collector_that_is_down_causes_no_errors_and_few_log_lines(
    send: Send,
    root: str,
    model: HalfModel,
    settings: Settings,
    photo: Photo,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "SHUTDOWN_TIMEOUT_S", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    down = Collector(url=f"http://127.0.0.1:{free_port()}/v1/traces")
    async with traced(down, model, settings) as service:
        for _ in range(10):
            assert await send(service, photo(), {}) in (200, "OK")
        ended = time.perf_counter()
    assert time.perf_counter() - ended < 60
    warnings = [r for r in caplog.records if r.name.startswith("opentelemetry")]
    assert len(warnings) == 1
    assert warnings[0].levelno >= logging.WARNING


@pytest.mark.parametrize(
    "url", ["otel:4318", "http://user:password@otel:4318", "http://otel:4318?key=secret"]
)
def test_the_collectors_url_must_not_contain_secrets(url: str) -> None:
    with pytest.raises(ValueError, match="otlp_url"):
        Settings(otlp_url=url)
    assert Settings(otlp_url="http://otel:4318/").otlp_traces_url == "http://otel:4318/v1/traces"


async def test_without_tracing_no_headers_are_passed_on() -> None:
    async with tracing.exporting("", 1.0):
        with tracing.continue_trace("request", SAMPLED, SpanKind.SERVER), tracing.span("stage"):
            assert (tracing.headers(), tracing.ids(), tracing.exemplar()) == ({}, {}, None)


async def test_histograms_have_exemplars_with_trace_ids(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with collecting() as collector, traced(collector, model, settings) as service:
        await by_http(service, photo(), SAMPLED)
    transport = httpx.ASGITransport(health.operations(lambda: None))
    async with httpx.AsyncClient(transport=transport, base_url="http://operations") as client:
        plain = await client.get("/metrics")
        openmetrics = await client.get("/metrics", headers=OPENMETRICS)
    assert plain.headers["content-type"].startswith("text/plain")
    assert "trace_id" not in plain.text
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    with_exemplars = {
        family.name
        for family in text_string_to_metric_families(openmetrics.text)  # type: ignore[no-untyped-call]
        for sample in family.samples
        if sample.exemplar and sample.exemplar.labels == {"trace_id": TRACE}
    }
    assert with_exemplars == {"clearbg_request_seconds", "clearbg_stage_seconds"}
