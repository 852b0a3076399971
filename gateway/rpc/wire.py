"""Encodes answers with one copy of their image: the protobuf library makes several.

Source: https://protobuf.dev/programming-guides/encoding. Fields may be in any order.
"""

from collections.abc import Iterable

from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.result_pb2 import Result, Results

Answer = pb.RemoveBackgroundResponse | pb.RemoveBackgroundStreamResponse

LENGTH_DELIMITED = 2
IMAGE = Result.DESCRIPTOR.fields_by_name["image"].number
RESULTS = Results.DESCRIPTOR.fields_by_name["results"].number


def with_image(answer: Answer, result: Result, image: bytes) -> bytes:
    """Serialize an answer.

    Args:
        answer: without its `result`.
        result: without its `image`.
        image: the encoded image.
    """
    field = answer.DESCRIPTOR.fields_by_name["result"].number
    return b"".join((answer.SerializeToString(), *_field(field, result, image)))


def with_variants(answer: Answer, results: Iterable[tuple[Result, bytes]]) -> bytes:
    """Serialize an answer with several results.

    Args:
        answer: without its `variants`.
        results: each without its `image`, and the encoded image.
    """
    parts = [part for result, image in results for part in _field(RESULTS, result, image)]
    field = answer.DESCRIPTOR.fields_by_name["variants"].number
    return b"".join((answer.SerializeToString(), _head(field, sum(map(len, parts))), *parts))


def _field(number: int, result: Result, image: bytes) -> tuple[bytes, ...]:
    """Return the parts of a field that is a result with its image."""
    rest = result.SerializeToString()
    head = _head(IMAGE, len(image))
    return _head(number, len(rest) + len(head) + len(image)), rest, head, image


def _head(field: int, size: int) -> bytes:
    """Return the tag and length of a string, bytes or message field."""
    return _varint(field << 3 | LENGTH_DELIMITED) + _varint(size)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))
