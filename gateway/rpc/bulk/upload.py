"""Receives a job over gRPC, message by message: only one image is in memory at a time."""

from dataclasses import dataclass, field

from clearbg.v1 import bulk_calls_pb2 as pb

from gateway.bulk.draft import Draft
from gateway.bulk.job import Job
from gateway.errors import BadRequest
from gateway.requests.payload import check_text
from gateway.rpc import messages
from gateway.rpc.call import Call
from gateway.rpc.reader import Reader

MESSAGE_TIMEOUT_S = 120.0
"""For one image: 25 MB at 2 Mbit/s."""


@dataclass(frozen=True)
class Header:
    """The options of all images, copied so that the message and its files can be freed."""

    texts: dict[str, str]
    files: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Image:
    """One image, copied for the same reason."""

    data: bytes = field(repr=False)
    name: str
    custom_id: str


def parse_part(data: bytes) -> Header | Image:
    """Parse a CreateBulkJobRequest.

    Raises:
        BadRequest: it has neither a header nor an image.
    """
    message = pb.CreateBulkJobRequest.FromString(data)
    kind = message.WhichOneof("part")
    if kind is None:
        raise BadRequest("Each message must hold a header or an image.")
    if kind == "image":
        image = message.image
        return Image(image.image, image.name, image.custom_id)
    header = message.header
    texts = messages.fields(header.options) | messages.variant_fields(header.variants)
    texts |= {"metadata": header.metadata, "webhook_url": header.webhook_url}
    files = messages.file_options(header.options)
    return Header({name: text for name, text in texts.items() if text}, files)


async def receive_job(call: Call, reader: Reader, draft: Draft, max_image_bytes: int) -> Job:
    """Read all messages of a job, and accept it.

    Raises:
        BadRequest: a header is not the first message.
        GatewayError: as `Reader.next`, `Call.check_end` and the methods of `Draft` raise it.
    """
    texts: dict[str, str] = {}
    custom_ids: list[str] = []
    is_first = True
    while part := await reader.next(call, parse_part, MESSAGE_TIMEOUT_S):
        if isinstance(part, Image):
            check_text("custom_id", part.custom_id, max_image_bytes)
            await draft.add_image(part.name, part.data)
            custom_ids.append(part.custom_id)
        elif is_first:
            texts = part.texts
            await _add_header(draft, part, max_image_bytes)
        else:
            raise BadRequest("The header must be the first message.")
        is_first = False
        del part  # frees megabytes while the next message arrives
    await call.check_end()  # a broken connection looks like the end of the stream
    return await draft.accept(texts, custom_ids)


async def _add_header(draft: Draft, header: Header, max_image_bytes: int) -> None:
    for name, text in header.texts.items():
        check_text(name, text, max_image_bytes)
    for name, data in header.files.items():
        await draft.add_shared_file(name, data)
