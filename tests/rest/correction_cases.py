"""Requests that fail because of a mask or a trimap."""

from base64 import b64decode

from tests.rest.case import Case, fields, files

CUT_PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJCAAAAADF+lnMAAAAEUlEQVR4nGM8w8AABUwM1A==")

CORRECTION_CASES = [
    Case("mask as text", "bad-request", "mask came as text", fields(mask="eHg=")),
    Case("broken mask", "bad-image", "The mask: The file", files(mask=b"x")),
    Case("broken trimap", "bad-image", "The trimap: The file", files(trimap=b"x")),
    Case("cut mask", "bad-image", "The mask is cut", files(mask=CUT_PNG)),
    Case("cut trimap", "bad-image", "The trimap is cut", files(trimap=CUT_PNG)),
    Case("bytes of a mask", "image-too-large", "MB", files(mask=b"1" * 1_000_001)),
    Case("bad base64 of a mask", "bad-image", "mask_b64", fields(mask_b64="a*b")),
    Case("bad base64 of a trimap", "bad-image", "trimap_b64", fields(trimap_b64="a*b")),
    Case(
        "mask and base64",
        "bad-request",
        "one of mask_b64, mask",
        lambda photo: {
            "files": {"image": photo(8, 8), "mask": photo(8, 8)},
            "data": {"mask_b64": "eHg="},
        },
    ),
    Case("pixels of a mask", "too-many-pixels", "The mask", files(mask=(501, 500))),
    Case("pixels of a trimap", "too-many-pixels", "The trimap", files(trimap=(501, 500))),
]
