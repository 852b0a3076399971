"""The parts of a job as they arrive: only one image is in memory at a time."""

from dataclasses import dataclass, field

from clearbg.v1 import bulk_calls_pb2 as pb

from gateway.bulk.draft import Draft
from gateway.bulk.job import Job
from gateway.errors import BadRequest
from gateway.orders.sent import check_text
from gateway.rpc import messages
from gateway.rpc.call import Call
from gateway.rpc.reader import Reader

MESSAGE_TIMEOUT_S = 120.0
"""For one image: 25 MB at 2 Mbit/s."""


@dataclass(frozen=True)
class Header:
    """What all images share, free of its message, which would keep the picture a second time."""

    texts: dict[str, str]
    backdrop: bytes = field(repr=False)


@dataclass(frozen=True)
class Image:
    """One image, likewise."""

    data: bytes = field(repr=False)
    name: str
    custom_id: str


def part(data: bytes) -> Header | Image:
    """Read a CreateBulkJobRequest.

    Raises:
        BadRequest: it is empty.
    """
    message = pb.CreateBulkJobRequest.FromString(data)
    kind = message.WhichOneof("part")
    if kind is None:
        raise BadRequest("Each message must hold a header or an image.")
    if kind == "image":
        image = message.image
        return Image(image.image, image.name, image.custom_id)
    header = message.header
    texts = messages.fields(header.options)
    texts |= {"metadata": header.metadata, "webhook_url": header.webhook_url}
    return Header({name: text for name, text in texts.items() if text}, header.options.bg_image)


async def receive(call: Call, reader: Reader, draft: Draft, max_image_bytes: int) -> Job:
    """Read the whole job, and accept it.

    Raises:
        GatewayError: it is none, or does not come.
    """
    texts: dict[str, str] = {}
    ids: list[str] = []
    is_first = True
    while sent := await reader.next(call, part, MESSAGE_TIMEOUT_S):
        if isinstance(sent, Image):
            check_text("custom_id", sent.custom_id, max_image_bytes)
            await draft.add(sent.name, sent.data)
            ids.append(sent.custom_id)
        elif is_first:
            texts = sent.texts
            await _keep(draft, sent, max_image_bytes)
        else:
            raise BadRequest("The header must be the first message.")
        is_first = False
        del sent  # megabytes, which nobody needs while the next one arrives
    await call.check_end()  # or a part of the job would be taken for all of it
    return await draft.accept(texts, ids)


async def _keep(draft: Draft, header: Header, max_image_bytes: int) -> None:
    for name, text in header.texts.items():
        check_text(name, text, max_image_bytes)
    if header.backdrop:
        await draft.add_backdrop(header.backdrop)
