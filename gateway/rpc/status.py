"""Errors as gRPC statuses with details in the trailing metadata.

`grpc-status-details-bin` is a google.rpc.Status, see https://google.aip.dev/193, and
`grpc-retry-pushback-ms` delays the gRPC libraries' own retries (gRFC A6).
"""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details_pb
from google.rpc import status_pb2
from grpc_status import rpc_status

from gateway.errors import BadRequest, GatewayError

DOMAIN = "clearbg"

Metadata = tuple[tuple[str, str | bytes], ...]


def metadata(error: GatewayError, request_id: str) -> Metadata:
    """Return the trailing metadata of a failed call."""
    status = status_pb2.Status(code=error.grpc.value[0], message=str(error))
    for detail in _details(error, request_id):
        status.details.add().Pack(detail)
    trailing: Metadata = (
        ("problem", error.slug),
        *rpc_status.to_status(status).trailing_metadata,
    )
    if error.retry_after_s is not None:
        trailing += (("grpc-retry-pushback-ms", str(error.retry_after_s * 1000)),)
    return trailing


def _details(error: GatewayError, request_id: str) -> list[Message]:
    reason = error.slug.upper().replace("-", "_")
    found: list[Message] = [
        details_pb.ErrorInfo(reason=reason, domain=DOMAIN, metadata={"title": error.title}),
        details_pb.RequestInfo(request_id=request_id),
    ]
    if error.retry_after_s is not None:
        found.append(details_pb.RetryInfo(retry_delay=Duration(seconds=error.retry_after_s)))
    if isinstance(error, BadRequest):
        violation = details_pb.BadRequest.FieldViolation(field=error.field, description=str(error))
        found.append(details_pb.BadRequest(field_violations=[violation]))
    return found
