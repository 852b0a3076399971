"""Text fields of bodies other than multipart forms.

Both parsers run in threads, since a field may hold megabytes of base64.
"""

import json
from urllib.parse import unquote_plus

from gateway.errors import BadOption, BadRequest
from gateway.options import variants
from gateway.requests.payload import MAX_FIELD_BYTES, check_length

MAX_FIELDS, MAX_JSON_PARTS = 50, 1000
BASE64_CODES = (
    (b"%2B", b"+"),
    (b"%2b", b"+"),
    (b"%2F", b"/"),
    (b"%2f", b"/"),
    (b"%3D", b"="),
    (b"%3d", b"="),
    (b"%0D", b""),
    (b"%0d", b""),
    (b"%0A", b""),
    (b"%0a", b""),
    (b"%3A", b":"),
    (b"%3B", b";"),
    (b"%2C", b","),
)
"""What is percent-encoded in base64 text and data URLs. A bare + stands for itself there."""


def from_form(data: bytes, max_image_bytes: int) -> dict[str, str]:
    """Read application/x-www-form-urlencoded.

    Python's own parser takes minutes and gigabytes for a hostile body, and holds the GIL.

    Raises:
        BadRequest: there are too many fields, or a field is too long.
        ImageTooLarge: base64 is too long.
    """
    pairs = data.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise BadRequest(f"Too many fields: send at most {MAX_FIELDS}.")
    fields = {}
    for pair in pairs:
        quoted_name, _, value = pair.partition(b"=")
        name = unquote_plus(quoted_name[:MAX_FIELD_BYTES].decode("latin-1"))
        if name.endswith("_b64"):
            for code, letter in BASE64_CODES:
                value = value.replace(code, letter)
            fields[name] = value.decode("latin-1")
        else:
            check_length(name, len(value) // 3, max_image_bytes)
            fields[name] = unquote_plus(value.decode("latin-1"))
        check_length(name, len(fields[name]), max_image_bytes)
    return fields


def from_json(data: bytes, max_image_bytes: int) -> dict[str, str]:
    """Read one JSON object, which may hold long texts; flat, but for the array of `variants`.

    JSON with many parts is rejected unparsed: it would cost seconds and gigabytes.

    Raises:
        BadRequest: it is not a flat object, or a text is too long.
        BadOption: a value is not a text, number or boolean.
        ImageTooLarge: base64 is too long.
    """
    if sum(map(data.count, (b"[", b"{", b","))) > MAX_JSON_PARTS:
        raise BadRequest("The JSON has too many parts: send one flat object.")
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise BadRequest('The body must be one JSON object, e.g. {"image_b64": "…"}.')
    if isinstance(parsed.get(variants.NAME), list):
        parsed[variants.NAME] = json.dumps(parsed[variants.NAME])
    fields = {name: _as_text(name, value) for name, value in parsed.items() if value is not None}
    for name, text in fields.items():
        check_length(name, len(text), max_image_bytes)
    return fields


def _as_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadOption(name[:40], f"{name[:40]!r} must be a text, a number or a boolean.")
