"""Coverage-guided fuzzing of the decoder: python -m tests.fuzz.decoder CORPUS -runs=…

Any exception other than a GatewayError ends it, as do a hang and high memory use.
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
    """Read and decode like a request."""
    try:
        opened = header.read(data, max_pixels=MAX_PIXELS)
        decode.decode(opened).picture(SMALL.fit(*opened.size))
    except GatewayError:
        pass


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, decode_one)
    atheris.Fuzz()
