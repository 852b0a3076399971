"""Users that send images over gRPC: one per call, or several on one stream.

Under gevent only sync stubs work, after `init_gevent` and before the first channel is created.
"""

from collections.abc import Iterator
from typing import Any

import grpc
import grpc.experimental.gevent
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import background_removal_service_pb2_grpc as pb_grpc
from clearbg.v1 import problem_pb2
from locust import tag, task

from loadtest.traffic.locust_events import Rejected, UnexpectedAnswer, recorded_request
from loadtest.traffic.paced import PacedUser

grpc.experimental.gevent.init_gevent()

TIMEOUT_S = 120.0
MAX_BYTES = 256 * 2**20


class _GrpcUser(PacedUser):
    abstract = True

    def on_start(self) -> None:
        """Open a channel that shares no connection, like a client in a process of its own."""
        super().on_start()
        options = [
            ("grpc.max_receive_message_length", MAX_BYTES),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self.channel = grpc.insecure_channel(self.options.grpc_target, options)
        self.stub = pb_grpc.BackgroundRemovalServiceStub(self.channel)
        self.metadata = (("x-api-key", self.options.api_key),)

    def on_stop(self) -> None:
        """Close the channel after the last answer."""
        super().on_stop()
        self.channel.close()


class GrpcUser(_GrpcUser):
    """One image per call."""

    @tag("grpc")
    @task
    def remove(self) -> None:
        """Send one image."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        with recorded_request(self.environment, "gRPC", "RemoveBackground", due) as request:
            message = pb.RemoveBackgroundRequest(image=self.choose_photo())
            try:
                answer = self.stub.RemoveBackground(
                    message, metadata=self.metadata, timeout=TIMEOUT_S
                )
            except grpc.RpcError as error:
                raise error_of_call(error) from error
            request.length = len(answer.result.image)
        return request.pause_s


class GrpcStreamUser(_GrpcUser):
    """Several images on one stream. Each is reported, with the due time of the stream."""

    @tag("stream")
    @task
    def remove(self) -> None:
        """Send one stream."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        name, pause_s = "RemoveBackgroundStream", 0.0
        answers = self.stub.RemoveBackgroundStream(
            self._images(), metadata=self.metadata, timeout=TIMEOUT_S
        )
        for _ in range(self.options.stream_images):
            with recorded_request(self.environment, "gRPC", name, due) as request:
                try:
                    answer = next(answers)  # a broken stream fails for all remaining images
                except grpc.RpcError as error:
                    raise error_of_call(error) from error
                if answer.HasField("problem"):
                    raise error_of_problem(answer.problem)
                request.length = len(answer.result.image)
            pause_s = max(pause_s, request.pause_s)
        return pause_s

    def _images(self) -> Iterator[pb.RemoveBackgroundStreamRequest]:
        for number in range(self.options.stream_images):
            yield pb.RemoveBackgroundStreamRequest(
                id=str(number), request=pb.RemoveBackgroundRequest(image=self.choose_photo())
            )


def error_of_call(error: grpc.RpcError) -> Exception:
    """Return the error with which a call ended, for Locust."""
    reason = f"{error.code().name} {error.details()}"
    metadata: dict[str, Any] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
    if "grpc-retry-pushback-ms" in metadata:
        return Rejected(reason, int(metadata["grpc-retry-pushback-ms"]) / 1000)
    return UnexpectedAnswer(reason)


def error_of_problem(problem: problem_pb2.Problem) -> Exception:
    """Return the error of one image of a stream, for Locust."""
    reason = f"{problem.slug} {problem.detail}"
    if problem.HasField("retry_after"):
        return Rejected(reason, problem.retry_after.seconds)
    return UnexpectedAnswer(reason)
