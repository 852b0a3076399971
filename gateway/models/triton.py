"""A model on Triton, over gRPC. No other file uses tritonclient's client."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from gateway.errors import DeadlineExceeded, GatewayError, ModelUnavailable, Overloaded
from gateway.models.backend import ONE_AT_A_TIME, ConcurrencyLimits
from gateway.models.model import Health, Inference, Priority
from gateway.models.priority_semaphore import ConcurrencyLimit
from gateway.models.service_time import ServiceTime
from gateway.models.statistics import Statistics
from gateway.observability import tracing
from gateway.observability.metrics import PROBES
from serving.manifest import DEFAULT, SIDE

RETRY_AFTER_S = 2
PROBE_TIMEOUT_S = 10.0
"""An image takes 4 s on one slow core, and twice that beside another image."""

CHANNEL_ARGS = [
    # Send each request to the next server; by default gRPC sends all of them to one.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    # These replace all of tritonclient's own options, message limits included. An image is 3 MiB,
    # a mask 1 MiB.
    ("grpc.max_send_message_length", 16 * 2**20),
    ("grpc.max_receive_message_length", 16 * 2**20),
    # Notice a dead connection within 40 s. Triton must be configured to tolerate the pings.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Reconnect to a restarted server within a second: by default gRPC backs off up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class TritonBackend:
    """A client of one or several servers that host the same model. See Backend.

    Create it inside the event loop that will use it.

    Args:
        addresses: `host:port`, or several `ip:port` separated by commas.
        version: of the weights; inferences report it with the precision.
        name: of the model.
        number: of the model's version, a folder of the repository; 0: the server's highest.
        side: height and width of its input, in pixels.
        precisions: of the model by device, for `version`.
        is_exclusive: there is one server, and no other client uses it.
        is_alone: the server has no other model.
    """

    def __init__(
        self,
        addresses: str,
        version: str,
        *,
        name: str = DEFAULT,
        number: int = 0,
        side: int = SIDE,
        precisions: Mapping[str, str] | None = None,
        is_exclusive: bool = False,
        is_alone: bool = True,
    ) -> None:
        self.addresses = addresses
        self._model, self._side = (name, str(number or "")), side
        self._precisions = precisions or {}
        several = "," in addresses
        target = f"ipv4:{addresses}" if several else f"dns:///{addresses}"
        self._client = InferenceServerClient(target, channel_args=CHANNEL_ARGS)
        self._version = version
        self.device = ""
        """`triton-cpu` or `triton-gpu`; empty until the first answer."""
        self.service_time = ServiceTime()
        self.limits: ConcurrencyLimits | None = None
        """See Backend. None until the first answer."""
        self._is_exclusive, self._is_alone = is_exclusive, is_alone

    @property
    def devices(self) -> tuple[str, ...]:
        """See Model. Empty until the first answer."""
        return (self.device,) if self.device else ()

    @property
    def health(self) -> Health:
        """See Backend."""
        known = (self._version, self._precisions.get(self.device)) if self.device else ()
        return Health(self.device, "-".join(filter(None, known)))

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Backend. `compute_s` includes the time in Triton's own queue."""
        started = time.perf_counter()
        answered = False
        self.service_time.image_started()
        try:
            async with asyncio.timeout(timeout_s):
                mask = await self._infer_with_retry(image, priority, started + timeout_s)
                device = self.device or await self._read_config()
            answered = True
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error
        finally:
            self.service_time.image_ended(answered=answered)
        compute_s = time.perf_counter() - started
        return Inference(mask, device, self.health.model_version, queue_s=0.0, compute_s=compute_s)

    async def ready(self) -> bool:
        """See Backend. Run a real inference: with a dead python stub Triton still reports ready."""
        image = np.zeros((self._side, self._side, 3), np.uint8)
        PROBES.inc()
        try:
            await self.infer(image, priority=Priority.INTERACTIVE, timeout_s=PROBE_TIMEOUT_S)
        except GatewayError:
            return False
        return True

    async def statistics(self) -> Statistics:
        """Return the server's counters since its start, warm-up included.

        Raises:
            ModelUnavailable: the server does not answer.
        """
        try:
            return Statistics.parse(
                await self._client.get_inference_statistics(*self._model, as_json=True)
            )
        except InferenceServerException as error:
            raise domain_error(error, PROBE_TIMEOUT_S) from error

    async def close(self) -> None:
        """See Backend."""
        await self._client.close()

    async def _infer_with_retry(
        self, image: NDArray[np.uint8], priority: Priority, deadline: float
    ) -> NDArray[np.uint8]:
        """Run one image, and retry once if the server was stopping.

        Args:
            image: as for `infer`.
            priority: as for `infer`.
            deadline: on the clock of time.perf_counter.
        """
        try:
            return await self._infer_once(image, priority, deadline - time.perf_counter())
        except _ServerStopping:
            return await self._infer_once(image, priority, deadline - time.perf_counter())

    async def _infer_once(
        self, image: NDArray[np.uint8], priority: Priority, timeout_s: float
    ) -> NDArray[np.uint8]:
        tensor = InferInput("image", [1, *image.shape], "UINT8")
        tensor.set_data_from_numpy(image[None])
        try:
            answer = await self._client.infer(
                self._model[0],
                [tensor],
                model_version=self._model[1],
                priority=int(priority),
                timeout=round(timeout_s * 1e6),  # microseconds that it may wait in Triton's queue
                client_timeout=timeout_s,  # overall; Triton checks its own only twice a second
                # Triton records every trace that a request names, also one that is not sampled.
                headers=tracing.headers() if tracing.is_sampled() else None,
            )
        except InferenceServerException as error:
            raise domain_error(error, timeout_s) from error
        mask: NDArray[np.uint8] = answer.as_numpy("mask")[0, 0]
        return mask

    async def _read_config(self) -> str:
        """Set device, batch size and limits from the server's configuration; return the device."""
        try:
            answer: Any = await self._client.get_model_config(*self._model, as_json=True)
        except InferenceServerException as error:
            raise domain_error(error, PROBE_TIMEOUT_S) from error
        config = answer["config"]
        on_cpu = all(group.get("kind") == "KIND_CPU" for group in config.get("instance_group", []))
        self.device = "triton-cpu" if on_cpu else "triton-gpu"
        self.service_time.batch_size = max(1, int(config["max_batch_size"]))
        self.limits = _limits(
            on_cpu=on_cpu,
            is_exclusive=self._is_exclusive,
            is_alone=self._is_alone,
            batch_size=self.service_time.batch_size,
        )
        return self.device


def _limits(
    *, on_cpu: bool, is_exclusive: bool, is_alone: bool, batch_size: int
) -> ConcurrencyLimits:
    """Return how many images to send at once.

    One bulk image keeps a CPU busy; a GPU needs a second full batch that waits while the first one
    runs. Further bulk images wait in the gateway: in Triton's queue they would fill up the batches
    of interactive images, which would then wait for the whole batch.

    Several models on the same cores get one image at a time: two would only slow each other down,
    and pacing works for one queue of Triton's only.
    """
    if not on_cpu:
        return ConcurrencyLimits(running=ConcurrencyLimit(bulk=2 * batch_size))
    if not is_exclusive:
        return ConcurrencyLimits(running=ConcurrencyLimit(bulk=1))
    if not is_alone:
        return ONE_AT_A_TIME
    return ConcurrencyLimits(
        running=ConcurrencyLimit(bulk=1, paced=True),
        decoded=ConcurrencyLimit(2 * batch_size, bulk=batch_size),
    )


class _ServerStopping(ModelUnavailable):
    """This server is stopping. Another one, or the same one after a restart, may answer."""


def domain_error(error: InferenceServerException, timeout_s: float) -> Exception:
    """Convert an error of tritonclient to one of ours.

    Only Triton's message distinguishes a full queue from a timeout in the queue.

    Args:
        error: as raised by the client.
        timeout_s: of the request, for the message.

    Returns:
        Overloaded, DeadlineExceeded or ModelUnavailable; or `error` itself, which is a bug of ours.
    """
    status, message = error.status() or "", error.message() or ""
    if "Exceeds maximum queue size" in message:
        return Overloaded("The model's queue is full.", RETRY_AFTER_S)
    if "DEADLINE_EXCEEDED" in status or "Request timeout expired" in message:
        return DeadlineExceeded(timeout_s)
    if "is stopping" in message or "NOT_FOUND" in status or "CANCELLED" in status:
        return _ServerStopping("The model server is stopping.", RETRY_AFTER_S)
    if "UNAVAILABLE" in status or "INTERNAL" in status:
        return ModelUnavailable("The model server does not answer.", RETRY_AFTER_S)
    unforeseen: Exception = error
    return unforeseen  # INVALID_ARGUMENT and the like: a bug of ours
