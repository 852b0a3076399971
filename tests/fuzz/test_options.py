"""Any text of any option is parsed or rejected with a clear error."""

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadOption
from gateway.options import Format, margin, parse

NAMES = (
    *("size", "format", "bg_color", "channels", "crop", "crop_margin", "unknown", "keep", "erase"),
    *("invert", "threshold", "smooth", "expand", "feather", "refine"),
)
LENGTH = r"[+-]?[0-9.]{1,9}(px|%)?"
TEXTS = st.text(max_size=20) | st.from_regex(
    r"\A(original|4k|[0-9]{1,6}x[0-9]{1,6}|#?[0-9a-f]{3,8}|png|jpe?g|zip|true|0|"
    rf"{LENGTH}|([0-9]{{1,3}}(px|%)? ?){{4}};?)\Z"
)
PIXELS = st.integers(1, 60_000)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS), PIXELS, PIXELS)
def test_options_are_valid_or_rejected_with_their_name(
    fields: dict[str, str], width: int, height: int
) -> None:
    try:
        options = parse(fields)
    except BadOption as error:
        message = str(error)
        assert any(name in message for name in fields)
        return
    result = options.result_size(width, height)
    assert 1 <= result[0] <= width
    assert 1 <= result[1] <= height
    assert options.format in Format
    sides = (getattr(options.crop_margin, side) for side in ("top", "right", "bottom", "left"))
    assert all(0 <= margin.pixels(side, height) <= 500 for side in sides)
    assert 0 <= options.edges.threshold <= 1
    edges = (options.edges.smooth, options.edges.expand, options.edges.feather)
    assert all(abs(edge.of(height)) <= max(100, 0.05 * height) for edge in edges)
    with contextlib.suppress(BadOption):
        for region in (*options.keep, *options.erase):
            shares = region.shares(width, height)
            assert all(0 <= share <= 1 for share in shares)


FIELDS = st.sampled_from((*NAMES, "roi", "variants", "image", "scale"))
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
NESTED = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3)
)
VARIANTS = st.lists(st.dictionaries(FIELDS, VALUES, max_size=4) | NESTED, max_size=12).map(
    json.dumps
)


@given(VARIANTS | st.text(max_size=40) | st.just("[" * 100_000), PIXELS, PIXELS)
def test_variants_are_valid_or_rejected_with_the_variant(
    text: str, width: int, height: int
) -> None:
    try:
        options = parse({"variants": text})
    except BadOption as error:
        field = error.field
        assert field.startswith("variants")
        return
    assert 0 <= len(options.variants) <= 10
    for _, each in options.numbered:
        result = each.result_size(width, height)
        assert 1 <= result[0] <= width
        assert 1 <= result[1] <= height
