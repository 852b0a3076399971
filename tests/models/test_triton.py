"""The real tritonserver, on our model repository."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from google.protobuf import text_format
from numpy.typing import NDArray
from tritonclient.grpc import model_config_pb2
from tritonclient.utils import InferenceServerException

from gateway.errors import DeadlineExceeded, ModelUnavailable, Overloaded
from gateway.models.model import Priority
from gateway.models.triton import TritonBackend, domain_error
from gateway.settings import Settings
from serving.cpu_runtime import CpuRuntime
from serving.photos import PHOTOS
from serving.tritonserver import find_tritonserver
from tests.servers.triton import Triton, running

REPOSITORY = Settings().model_repository / "isnet"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def triton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Triton]:
    async with running(tmp_path_factory.mktemp("triton")) as triton:
        yield triton


def images(count: int) -> list[NDArray[np.uint8]]:
    photos = [np.asarray(cv2.resize(photo.pixels(), (1024, 1024)), np.uint8) for photo in PHOTOS]
    return [photos[number % len(photos)] for number in range(count)]


@pytest.mark.real
async def test_16_concurrent_images_are_batched_and_get_the_masks_of_the_bare_runtime(
    triton: Triton,
) -> None:
    count = await triton.metric("nv_inference_count")
    executions = await triton.metric("nv_inference_exec_count")
    requested = images(16)
    answers = await asyncio.gather(
        *(
            triton.model.infer(image, priority=Priority.INTERACTIVE, timeout_s=600)
            for image in requested
        )
    )
    assert await triton.metric("nv_inference_count") - count == 16
    assert await triton.metric("nv_inference_exec_count") - executions <= 16 * 0.6
    runtime = CpuRuntime(Settings().model_dir)
    masks = [runtime.infer(image) for image in requested[: len(PHOTOS)]]
    for number, answer in enumerate(answers):
        assert answer.device == "triton-cpu"
        assert np.array_equal(answer.mask, masks[number % len(PHOTOS)])


@pytest.mark.real
async def test_a_cancelled_request_is_removed_from_tritons_queue(triton: Triton) -> None:
    count = await triton.metric("nv_inference_count")
    (image,) = images(1)
    tasks = [
        asyncio.create_task(triton.model.infer(image, priority=Priority.INTERACTIVE, timeout_s=600))
        for _ in range(20)
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # so all were sent
    done = sum(task.done() for task in tasks[4:])
    for task in tasks[4:]:
        task.cancel()
    await asyncio.gather(*tasks[:4])
    assert await triton.model.ready()
    processed = await triton.metric("nv_inference_count") - count
    assert processed - done <= 4 + 1 + 2, "one batch may have started"
    assert await triton.metric("nv_inference_request_failure", reason="CANCELED") >= 2


@pytest.mark.real
async def test_interactive_images_overtake_bulk_images(triton: Triton) -> None:
    (image,) = images(1)
    order: list[Priority] = []

    async def infer(priority: Priority) -> None:
        await triton.model.infer(image, priority=priority, timeout_s=600)
        order.append(priority)

    tasks = [asyncio.create_task(infer(Priority.BULK)) for _ in range(10)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # then all were sent
    done = len(order)
    tasks.append(asyncio.create_task(infer(Priority.INTERACTIVE)))
    await asyncio.gather(*tasks)
    # At most two batches come first: the running one, and the one that was formed already.
    assert order.index(Priority.INTERACTIVE) - done <= 4


@pytest.mark.real
async def test_the_deadline_is_enforced(triton: Triton) -> None:
    (image,) = images(1)
    fresh = TritonBackend(triton.model.addresses, "isnet-test")
    try:
        with pytest.raises(DeadlineExceeded):
            await fresh.infer(image, priority=Priority.INTERACTIVE, timeout_s=0.05)
    finally:
        await fresh.close()


@pytest.mark.real
async def test_stopping_leaves_no_process_or_shared_memory(tmp_path: Path) -> None:
    others = psutil.Process().children(recursive=True)
    async with running(tmp_path) as triton:
        ours = [p for p in psutil.Process().children(recursive=True) if p not in others]
        assert len(ours) >= 2, "the server and its stub"
        assert triton.server.shared_memory()
    assert psutil.wait_procs(ours, timeout=60)[1] == []
    assert not triton.server.shared_memory()


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("UNAVAILABLE", "[request id: <id_unknown>] Exceeds maximum queue size", Overloaded),
        ("UNAVAILABLE", "Request timeout expired", DeadlineExceeded),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", DeadlineExceeded),
        ("UNAVAILABLE", "Server is stopping, scheduler for model has stopped", ModelUnavailable),
        (
            "NOT_FOUND",
            "Request for unknown model: 'isnet' has no available versions",
            ModelUnavailable,
        ),
        ("CANCELLED", "CANCELLED", ModelUnavailable),
        ("UNAVAILABLE", "failed to connect to all addresses", ModelUnavailable),
        ("INTERNAL", "Stub process 'isnet_0_0' is not healthy.", ModelUnavailable),
        ("INVALID_ARGUMENT", "unexpected shape for input 'image'", InferenceServerException),
    ],
)
def test_each_status_becomes_the_right_error(
    status: str, message: str, kind: type[Exception]
) -> None:
    error = InferenceServerException(message, f"StatusCode.{status}")
    assert isinstance(domain_error(error, 1.0), kind)


@pytest.mark.real
def test_the_gpu_configuration_is_accepted_by_the_servers_own_parser(tmp_path: Path) -> None:
    """The wheel has no libtorch: loading must fail at that, and at nothing before it."""
    folder = tmp_path / "repository" / "isnet"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model_fp16.pt").touch()
    config = (REPOSITORY / "config.pbtxt").read_text()
    # Without a GPU the parser stops at the instance group before it looks for the backend.
    (folder / "config.pbtxt").write_text(config.replace("KIND_GPU", "KIND_CPU"))
    installation = find_tritonserver("", tmp_path)
    libraries = ":".join(map(str, installation.libraries))
    done = subprocess.run(
        [
            str(installation.binary),
            f"--model-repository={folder.parent}",
            f"--backend-directory={installation.backends}",
            "--disable-auto-complete-config",
            "--allow-http=false",
            "--allow-grpc=false",
            "--allow-metrics=false",
        ],
        env=os.environ | {"LD_LIBRARY_PATH": libraries},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("E") and "isnet" in line]
    assert errors
    assert all("unable to find backend library for backend 'pytorch'" in line for line in errors)


@pytest.mark.parametrize("name", ["config.pbtxt", "configs/cpu.pbtxt"])
def test_both_configurations_have_the_same_inputs_and_outputs(name: str) -> None:
    config = text_format.Parse((REPOSITORY / name).read_text(), model_config_pb2.ModelConfig())
    (image,), (mask,) = config.input, config.output
    assert (image.name, image.data_type, list(image.dims)) == (
        "image",
        model_config_pb2.TYPE_UINT8,
        [1024, 1024, 3],
    )
    assert (mask.name, mask.data_type, list(mask.dims)) == (
        "mask",
        model_config_pb2.TYPE_UINT8,
        [1, 1024, 1024],
    )
    batching = config.dynamic_batching
    assert (batching.priority_levels, batching.default_priority_level) == (2, 2)
    assert batching.default_queue_policy.default_timeout_microseconds > 0
    assert batching.default_queue_policy.max_queue_size >= Settings().max_queue
    warmed = [sample.batch_size for sample in config.model_warmup]
    assert warmed == ([] if "cpu" in name else list(range(1, config.max_batch_size + 1)))
