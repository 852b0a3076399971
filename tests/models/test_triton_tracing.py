"""The real tritonserver adds its spans to the trace of a request."""

from pathlib import Path

import numpy as np
import pytest
from opentelemetry.trace import SpanKind

from gateway.models.model import Priority
from gateway.observability import tracing
from serving.tritonserver import Installation, TritonServer
from tests.servers import triton
from tests.servers.collector import collecting
from tests.waiting import until

pytestmark = pytest.mark.real

TRACE = "0af7651916cd43dd8448eb211c80319c"
IMAGE = np.zeros((1024, 1024, 3), np.uint8)


async def test_only_sampled_requests_are_traced_and_triton_joins_their_traces(
    tmp_path: Path,
) -> None:
    async with collecting() as collector:
        async with (
            tracing.exporting(collector.url, 1.0),
            triton.running(tmp_path, traces_url=collector.url) as running,
        ):
            for trace, flag in ((TRACE, "01"), (TRACE[::-1], "00")):
                headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-{flag}"}
                with tracing.continue_trace("request", headers, SpanKind.SERVER):
                    await running.model.infer(IMAGE, priority=Priority.INTERACTIVE, timeout_s=30)
    assert collector.tree() == {"request": {"InferRequest": {"isnet": {"compute": {}}}}}
    assert {span.trace_id for span in collector.spans} == {TRACE}


async def test_a_server_built_without_tracing_is_started_without_its_flags(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    binary = tmp_path / "tritonserver"
    flags = tmp_path / "flags"
    script = f'[ "$1" = --help ] || (echo "$@" > {flags}.part; mv {flags}.part {flags}; sleep 60)'
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    server = TritonServer(
        Installation(binary, tmp_path),
        tmp_path,
        host="127.0.0.1",
        grpc_port=1,
        metrics_port=2,
        cache_dir=tmp_path,
        traces_url="http://collector:4318/v1/traces",
    )
    server.start()
    await until(flags.exists)
    server.stop()
    assert "cannot trace" in caplog.text
    assert "--model-repository" in flags.read_text()
    assert "--trace-config" not in flags.read_text()
