"""Requests that fail, one for each way to fail: tables for every transport."""

import base64

from sqlalchemy import update

from gateway.accounts.tables import KeyRow
from gateway.accounts.usage_store import UsageStore
from gateway.errors import ModelUnavailable, Overloaded
from tests.rest.case import Case, Photo, fields, file, files, key, sent
from tests.rest.correction_cases import CORRECTION_CASES
from tests.rest.gateway import Gateway
from tests.rest.option_cases import OPTION_CASES

__all__ = ["CASES", "Case", "Photo", "key"]

JSON = {"Content-Type": "application/json"}
NO_BOUNDARY = sent(content=b"x", headers={"Content-Type": "multipart/form-data"})
NOT_JSON = sent(content=b"{", headers=JSON)
DEEP_JSON = sent(content=b"[" * 100_000, headers=JSON)
CUT_FORM = sent(
    content=b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nxx',
    headers={"Content-Type": "multipart/form-data; boundary=b"},
)
LARGE_B64 = base64.b64encode(b"1" * 1_000_001).decode()


def limit(**per_minute: int) -> dict[str, int]:
    return {f"rate_limit_{name}_per_minute": quota for name, quota in per_minute.items()}


def use_up_quota(gateway: Gateway) -> None:
    store, (key,) = UsageStore(gateway.engine), gateway.keys.list()
    store.write({(key.id, int(store.clock()) // 60 * 60): {"images": 1}}, {})
    with gateway.engine.begin() as connection:
        connection.execute(update(KeyRow).values(images_per_month=1))


CASES = [
    Case("no body", "bad-request", "multipart/form-data", sent()),
    Case("text", "bad-request", "application/json", sent(content=b"x")),
    Case("no boundary", "bad-request", "boundary", NO_BOUNDARY),
    Case("cut form", "bad-request", "middle", CUT_FORM),
    Case("not JSON", "bad-request", "JSON", NOT_JSON),
    Case("deep JSON", "bad-request", "JSON", DEEP_JSON),
    Case(
        "JSON of many parts",
        "bad-request",
        "flat",
        sent(content=b'{"a":[' + b"[]," * 300_000 + b"[]]}", headers=JSON),
    ),
    Case(
        "JSON with a lone surrogate",
        "bad-option",
        "must be a text",
        sent(content=b'{"\\ud800": {}}', headers=JSON),
    ),
    Case(
        "odd charset",
        "bad-request",
        "cannot be read",
        sent(
            content=b'--b\r\nContent-Disposition: form-data; name="size"\r\n\r\n4k\r\n--b--\r\n',
            headers={"Content-Type": "multipart/form-data; boundary=b; charset=undefined"},
        ),
    ),
    Case(
        "many form fields", "bad-request", "Too many", sent(data={str(n): "x" for n in range(60)})
    ),
    Case("file as text", "bad-request", "@photo.jpg", sent(data={"image": "photo.jpg"})),
    Case(
        "background as text",
        "bad-request",
        "bg_image came as text",
        lambda photo: {"files": {"image": photo(8, 8)}, "data": {"bg_image": "eHg="}},
    ),
    Case(
        "broken background",
        "bad-image",
        "background",
        files(bg_image=b"x"),
    ),
    Case("JSON list", "bad-request", "object", sent(json=[])),
    Case("JSON without image", "bad-image", "image_b64", sent(json={})),
    Case("JSON object as value", "bad-option", "must be a text", sent(json={"size": {}})),
    Case(
        "many fields",
        "bad-request",
        "Too many fields",
        lambda photo: {"files": {"image": photo()}, "data": {str(n): "x" for n in range(60)}},
    ),
    Case("long field", "bad-request", "4096", fields(size="x" * 5000)),
    Case("another field", "bad-image", "`image`", sent(files={"photo": b"x"})),
    Case("empty file", "bad-image", "empty", file(b"")),
    Case("no image", "bad-image", "JPEG, PNG", file(b"x")),
    Case(
        "two files",
        "bad-request",
        "only one",
        sent(files=[("image", b"x"), ("image", b"y")]),
    ),
    Case("five files", "bad-request", "Too many files", sent(files=[("f", b"")] * 5)),
    Case("unknown model", "bad-option", "model must be one of isnet", fields(model="nope")),
    Case("file and base64", "bad-request", "one of", fields(image_b64="eHg=")),
    Case("bad base64", "bad-image", "base64", sent(json={"image_b64": "a*b"})),
    Case("base64 of no image", "bad-image", "JPEG", sent(data={"image_b64": "eHg="})),
    Case("URL that is off", "bad-url", "not allowed", sent(json={"image_url": "http://a.b"})),
    Case(
        "URL of a file",
        "bad-url",
        "http",
        sent(json={"image_url": "file:///etc/passwd"}),
        {"image_urls": "on"},
    ),
    Case("bytes", "image-too-large", "MB", file(b"1" * 1_000_001)),
    Case("announced bytes", "image-too-large", "MB", file(b"1" * 4_000_000)),
    Case("base64 bytes", "image-too-large", "MB", sent(json={"image_b64": LARGE_B64})),
    Case("base64 form bytes", "image-too-large", "MB", sent(data={"image_b64": LARGE_B64})),
    Case("pixels", "too-many-pixels", "0.25 mega", file((501, 500))),
    Case(
        "pixels behind",
        "too-many-pixels",
        "0.25 mega",
        lambda photo: {"files": {"image": photo(), "bg_image": photo(501, 500)}},
    ),
    Case("wrong key", "invalid-key", "X-API-Key", key("cbg_wrong")),
    Case("no key", "invalid-key", "X-API-Key", key("")),
    Case(
        "many wrong keys",
        "rate-limited",
        "wrong API keys from your address",
        key("cbg_wrong"),
        limit(wrong_keys=1),
        before=1,
    ),
    Case(
        "megapixels behind",
        "rate-limited",
        "megapixels",
        files(bg_image=(500, 500)),
        limit(megapixels=1),
        before=4,
    ),
    Case(
        "megapixels of a mask",
        "rate-limited",
        "megapixels",
        files(mask=(500, 250), trimap=(500, 250)),
        limit(megapixels=1),
        before=4,
    ),
    Case("requests", "rate-limited", "requests", settings=limit(requests=1), before=1),
    Case(
        "megapixels",
        "rate-limited",
        "megapixels",
        file((500, 500)),
        limit(megapixels=1),
        before=4,
    ),
    Case("quota", "quota-exceeded", "renewed on", break_=use_up_quota),
    Case(
        "no store of limits",
        "limits-unavailable",
        "limits",
        settings={"rate_limit_url": "redis://127.0.0.1:1", "rate_limit_fail": "closed"},
    ),
    Case(
        "no database",
        "accounts-unavailable",
        "API keys",
        break_=lambda gateway: KeyRow.__table__.drop(gateway.engine),  # type: ignore[attr-defined]
    ),
    Case(
        "queue",
        "overloaded",
        "in front",
        model={"fail": Overloaded("9 images are in front of this one.", 3.2)},
    ),
    Case(
        "model",
        "model-unavailable",
        "stopping",
        model={"fail": ModelUnavailable("The service is stopping.", 5)},
    ),
    Case(
        "late",
        "deadline-exceeded",
        "2 seconds",
        settings={"request_timeout_s": 2},
        model={"delay_s": 600},
    ),
    Case("bug", "internal", "our end", model={"fail": RuntimeError("secret path /srv/x")}),
    *CORRECTION_CASES,
    *OPTION_CASES,
]
