"""Feeds damaged files to the decoder, led by coverage: python -m tests.fuzz.decoder CORPUS -runs=…

Whatever is raised, other than what callers are told, ends it, and so do a hang and large memory.
"""

import sys
import warnings

import atheris

with atheris.instrument_imports(include=["PIL", "gateway.images"]):
    from gateway.errors import GatewayError
    from gateway.images import decode, header
    from gateway.options import Size

MAX_PIXELS = 1_000_000
SMALL = Size(256, 256)


def decode_one(data: bytes) -> None:
    """Read and decode as a request would."""
    try:
        read = header.read(data, max_pixels=MAX_PIXELS)
        decode.decode(read, SMALL.fit(*read.size))
    except GatewayError:
        pass


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, decode_one)
    atheris.Fuzz()
