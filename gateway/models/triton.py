"""The model behind Triton, by gRPC: the only file that uses tritonclient's client."""

import asyncio
import json
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from gateway import tracing
from gateway.errors import DeadlineExceeded, GatewayError, ModelUnavailable, Overloaded
from gateway.metrics import PROBES
from gateway.models.backlog import Backlog
from gateway.models.model import Inference, Priority
from gateway.models.statistics import Statistics
from gateway.models.turns import Turns

NAME = "isnet"
RETRY_AFTER_S = 2
PROBE_TIMEOUT_S = 5.0

CHANNEL = [
    # Each request goes to the next server; gRPC's default sends all to one.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    # Naming options replaces Triton's own, its message limits too. An image is 3 MiB, a mask 1 MiB.
    ("grpc.max_send_message_length", 16 * 2**20),
    ("grpc.max_receive_message_length", 16 * 2**20),
    # A dead connection is noticed in 40 s. Triton must be told to tolerate the pings.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that comes back is found within a second: gRPC's default backs off to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class TritonModel:
    """One client for one or several servers that host the same model.

    Build it inside the event loop that will use it.

    Args:
        addresses: `host:port`, or several `ip:port` with commas between them.
        version: said of the model when it answers.
        max_queue: images that may be asked for at once; more are refused.
        one_server: it is one, which nobody else asks.
    """

    def __init__(
        self, addresses: str, version: str, *, max_queue: int, one_server: bool = False
    ) -> None:
        self.addresses = addresses
        several = "," in addresses
        target = f"ipv4:{addresses}" if several else f"dns:///{addresses}"
        self._client = InferenceServerClient(target, channel_args=CHANNEL)
        self._version = version
        self.device = ""
        """`triton-cpu` or `triton-gpu`, known from the first answer on."""
        self._backlog = Backlog(max_queue)
        self._turns = Turns()
        self._one_server = one_server

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """See Model."""
        self._backlog.check(priority, timeout_s)

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Model. Triton does not tell queueing from computing: `compute_s` holds both."""
        started = time.perf_counter()
        before = self._backlog.in_front(priority)
        try:
            async with asyncio.timeout(timeout_s):
                with self._backlog.place(priority, timeout_s):
                    mask = await self._in_turn(image, priority, started + timeout_s)
                device = self.device or await self._learn()
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error
        spent_s = time.perf_counter() - started
        self._backlog.measured(spent_s / (before + 1))  # those before it took their part
        return Inference(
            mask=mask,
            device=device,
            model_version=self._version,
            queue_s=0.0,
            compute_s=spent_s,
        )

    async def ready(self) -> bool:
        """See Model. A real inference: a dead python stub still says that it is ready."""
        image = np.zeros((1024, 1024, 3), np.uint8)
        PROBES.inc()
        try:
            await self.infer(image, priority=Priority.INTERACTIVE, timeout_s=PROBE_TIMEOUT_S)
        except GatewayError:
            return False
        return True

    async def statistics(self) -> Statistics:
        """Ask what the server has counted since its start, warm-up included.

        Raises:
            ModelUnavailable: it does not answer.
        """
        try:
            return Statistics.parse(await self._client.get_inference_statistics(NAME, as_json=True))
        except InferenceServerException as error:
            raise domain_error(error, PROBE_TIMEOUT_S) from error

    async def close(self) -> None:
        """See Model."""
        await self._client.close()

    async def _in_turn(
        self, image: NDArray[np.uint8], priority: Priority, deadline: float
    ) -> NDArray[np.uint8]:
        """Ask when it is this image's turn, and once more if the server was stopping."""
        async with self._turns.turn(priority):
            try:
                return await self._infer(image, priority, deadline - time.perf_counter())
            except _Elsewhere:
                return await self._infer(image, priority, deadline - time.perf_counter())

    async def _infer(
        self, image: NDArray[np.uint8], priority: Priority, timeout_s: float
    ) -> NDArray[np.uint8]:
        tensor = InferInput("image", [1, *image.shape], "UINT8")
        tensor.set_data_from_numpy(image[None])
        try:
            answer = await self._client.infer(
                NAME,
                [tensor],
                priority=int(priority),
                timeout=round(timeout_s * 1e6),  # in Triton's queue, microseconds
                client_timeout=timeout_s,  # in all; Triton's own is only looked at twice a second
                # Triton traces whatever names a trace, also one that is not kept.
                headers=tracing.headers() if tracing.is_sampled() else None,
            )
        except InferenceServerException as error:
            raise domain_error(error, timeout_s) from error
        mask: NDArray[np.uint8] = answer.as_numpy("mask")[0, 0]
        return mask

    async def _learn(self) -> str:
        """Learn from the server's configuration what it runs on, and how much bulk it takes."""
        try:
            answer: dict[str, Any] = await self._client.get_model_config(NAME, as_json=True)
        except InferenceServerException as error:
            raise domain_error(error, PROBE_TIMEOUT_S) from error
        config = answer["config"]
        on_cpu = all(group.get("kind") == "KIND_CPU" for group in config.get("instance_group", []))
        self.device = "triton-cpu" if on_cpu else "triton-gpu"
        # One at a time keeps a CPU busy; a GPU needs the next full batch waiting beside it.
        self._turns.most_bulk = 1 if on_cpu else 2 * int(config["max_batch_size"])
        self._turns.paced = on_cpu and self._one_server
        return self.device


class _Elsewhere(ModelUnavailable):
    """This server is stopping: another one, or this one's successor, may answer."""


def domain_error(error: InferenceServerException, timeout_s: float) -> Exception:
    """Triton's statuses to ours. Only the message tells a full queue from a queue's timeout."""
    status, message = error.status() or "", error.message() or ""
    if "Exceeds maximum queue size" in message:
        return Overloaded("The model's queue is full.", RETRY_AFTER_S)
    if "DEADLINE_EXCEEDED" in status or "Request timeout expired" in message:
        return DeadlineExceeded(timeout_s)
    if "is stopping" in message or "NOT_FOUND" in status or "CANCELLED" in status:
        return _Elsewhere("The model server is stopping.", RETRY_AFTER_S)
    if "UNAVAILABLE" in status or "INTERNAL" in status:
        return ModelUnavailable("The model server does not answer.", RETRY_AFTER_S)
    unforeseen: Exception = error
    return unforeseen  # INVALID_ARGUMENT and the like: ours to mend
