"""Any text in any option is a valid option or a clear error."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadOption
from gateway.options import Format, margin, parse

NAMES = ("size", "format", "bg_color", "channels", "crop", "crop_margin", "unknown")
TEXTS = st.text(max_size=20) | st.from_regex(
    r"\A(original|4k|[0-9]{1,6}x[0-9]{1,6}|#?[0-9a-f]{3,8}|png|jpe?g|zip|true|0|[0-9.]{1,9}(px|%)?)\Z"
)
PIXELS = st.integers(1, 60_000)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS), PIXELS, PIXELS)
def test_options_are_valid_or_refused_with_their_name(
    fields: dict[str, str], width: int, height: int
) -> None:
    try:
        options = parse(fields)
    except BadOption as refused:
        told = str(refused)
        assert any(name in told for name in fields)
        return
    result = options.result_size(width, height)
    assert 1 <= result[0] <= width
    assert 1 <= result[1] <= height
    assert options.format in Format
    sides = (getattr(options.crop_margin, side) for side in ("top", "right", "bottom", "left"))
    assert all(0 <= margin.pixels(side, height) <= 500 for side in sides)
