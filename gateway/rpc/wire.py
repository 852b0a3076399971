"""Encodes answers with one copy of their image: the protobuf library makes several.

Source: https://protobuf.dev/programming-guides/encoding. Fields may be in any order.
"""

from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.result_pb2 import Result

Answer = pb.RemoveBackgroundResponse | pb.RemoveBackgroundStreamResponse

LENGTH_DELIMITED = 2
IMAGE = Result.DESCRIPTOR.fields_by_name["image"].number


def with_image(answer: Answer, result: Result, image: bytes) -> bytes:
    """Serialize an answer.

    Args:
        answer: without its `result`.
        result: without its `image`.
        image: the encoded image.
    """
    field = answer.DESCRIPTOR.fields_by_name["result"].number
    rest = result.SerializeToString()
    head = _head(IMAGE, len(image))
    size = len(rest) + len(head) + len(image)
    return b"".join((answer.SerializeToString(), _head(field, size), rest, head, image))


def _head(field: int, size: int) -> bytes:
    """Return the tag and length of a string, bytes or message field."""
    return _varint(field << 3 | LENGTH_DELIMITED) + _varint(size)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))
