import pytest

from gateway.errors import BadOption
from gateway.options import Area, Color, Format, Options, Size, parse


def test_nothing_asked_means_an_original_size_transparent_png() -> None:
    assert parse({}) == Options(size=None, format=Format.PNG, bg_color=None)
    assert parse({"size": "", "format": "", "bg_color": ""}) == Options()


def test_fields_that_are_no_options_are_ignored() -> None:
    assert parse({"image": "x", "colour": "red"}) == Options()


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("original", None),
        ("preview", Area(250_000)),
        ("1080p", Size(1920, 1080)),
        ("4K", Size(3840, 2160)),
        ("800x600", Size(800, 600)),
        ("600x800", Size(800, 600)),
    ],
)
def test_size_is_a_name_or_a_box(text: str, box: Size | Area | None) -> None:
    assert parse({"size": text}).size == box


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#FFFFFF", (255, 255, 255, 255)),
        ("0af", (0, 170, 255, 255)),
        ("#10203040", (16, 32, 48, 64)),
    ],
)
def test_bg_color_is_hex_with_or_without_hash(text: str, color: Color) -> None:
    assert parse({"bg_color": text}).bg_color == color


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("size", "huge", "1080p"),
        ("size", "0x5", "800x600"),
        ("size", "-1x5", "800x600"),
        ("format", "gif", "png, jpg, webp"),
        ("bg_color", "reddish", "#FFFFFF"),
        ("bg_color", "#12345", "#FFFFFF"),
    ],
)
def test_a_bad_option_is_told_its_allowed_values(field: str, value: str, hint: str) -> None:
    with pytest.raises(BadOption, match=f"^{field} must be") as refused:
        parse({field: value})
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("picture", "result"),
    [
        ((4000, 3000), (1440, 1080)),
        ((3000, 4000), (1080, 1440)),
        ((100, 50), (100, 50)),
        ((100_000, 1), (1920, 1)),
    ],
)
def test_a_box_turns_with_the_picture_and_never_enlarges(
    picture: tuple[int, int], result: tuple[int, int]
) -> None:
    assert Size(1920, 1080).fit(*picture) == result


@pytest.mark.parametrize("picture", [(4000, 3000), (1, 20_000), (501, 499), (20, 10)])
def test_an_area_keeps_proportions_and_never_enlarges(picture: tuple[int, int]) -> None:
    width, height = Area(250_000).fit(*picture)
    assert width * height <= max(250_000 * 1.01, 1)
    assert width <= picture[0]
    assert height <= picture[1]


@pytest.mark.parametrize(
    ("fields", "background"),
    [
        ({}, None),
        ({"bg_color": "#12345600"}, None),
        ({"bg_color": "#12345680"}, (18, 52, 86, 128)),
        ({"format": "jpg"}, (255, 255, 255, 255)),
        ({"format": "jpeg", "bg_color": "#000"}, (0, 0, 0, 255)),
        ({"format": "jpg", "bg_color": "#00000080"}, (127, 127, 127, 255)),
    ],
)
def test_jpeg_always_has_a_background(fields: dict[str, str], background: Color | None) -> None:
    assert parse(fields).background == background
