"""Send images over gRPC: one a call, or many on one stream.

Only sync stubs run under gevent, and gRPC must know of it before the first channel is made.
"""

from collections.abc import Iterator
from typing import Any

import grpc
import grpc.experimental.gevent
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import background_removal_service_pb2_grpc as pb_grpc
from clearbg.v1 import problem_pb2
from locust import tag, task

from loadtest.traffic.paced import PacedUser
from loadtest.traffic.told import Refused, Unexpected, told

grpc.experimental.gevent.init_gevent()

TIMEOUT_S = 120.0
MAX_BYTES = 256 * 2**20


class _GrpcUser(PacedUser):
    abstract = True

    def on_start(self) -> None:
        """Open a channel of its own, as a process of its own would."""
        super().on_start()
        options = [
            ("grpc.max_receive_message_length", MAX_BYTES),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self.channel = grpc.insecure_channel(self.options.grpc_target, options)
        self.stub = pb_grpc.BackgroundRemovalServiceStub(self.channel)
        self.metadata = (("x-api-key", self.options.api_key),)

    def on_stop(self) -> None:
        """Close it, once the answers are there."""
        super().on_stop()
        self.channel.close()


class GrpcUser(_GrpcUser):
    """One image a call."""

    @tag("grpc")
    @task
    def remove(self) -> None:
        """The only task."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        with told(self.environment, "gRPC", "RemoveBackground", due) as one:
            request = pb.RemoveBackgroundRequest(image=self.choose_photo())
            try:
                answer = self.stub.RemoveBackground(
                    request, metadata=self.metadata, timeout=TIMEOUT_S
                )
            except grpc.RpcError as error:
                raise meant(error) from error
            one.length = len(answer.result.image)
        return one.pause_s


class GrpcStreamUser(_GrpcUser):
    """Several images on one stream; each is a row, due when the stream was."""

    @tag("stream")
    @task
    def remove(self) -> None:
        """The only task."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        name, pause_s = "RemoveBackgroundStream", 0.0
        answers = self.stub.RemoveBackgroundStream(
            self._images(), metadata=self.metadata, timeout=TIMEOUT_S
        )
        for _ in range(self.options.stream_images):
            with told(self.environment, "gRPC", name, due) as one:
                try:
                    answer = next(answers)  # once it has failed, it fails for all that is left
                except grpc.RpcError as error:
                    raise meant(error) from error
                if answer.HasField("problem"):
                    raise said(answer.problem)
                one.length = len(answer.result.image)
            pause_s = max(pause_s, one.pause_s)
        return pause_s

    def _images(self) -> Iterator[pb.RemoveBackgroundStreamRequest]:
        for number in range(self.options.stream_images):
            yield pb.RemoveBackgroundStreamRequest(
                id=str(number), request=pb.RemoveBackgroundRequest(image=self.choose_photo())
            )


def meant(error: grpc.RpcError) -> Exception:
    """What the end of a call says."""
    reason = f"{error.code().name} {error.details()}"
    metadata: dict[str, Any] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
    if "grpc-retry-pushback-ms" in metadata:
        return Refused(reason, int(metadata["grpc-retry-pushback-ms"]) / 1000)
    return Unexpected(reason)


def said(problem: problem_pb2.Problem) -> Exception:
    """What a problem in a stream says."""
    reason = f"{problem.slug} {problem.detail}"
    if problem.HasField("retry_after"):
        return Refused(reason, problem.retry_after.seconds)
    return Unexpected(reason)
