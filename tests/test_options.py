import pytest

from gateway.errors import BadOption
from gateway.options import Area, Color, Format, Length, Options, Size, parse


def test_the_default_is_a_transparent_png_in_the_original_size() -> None:
    assert parse({}) == Options(size=None, format=Format.PNG, bg_color=None)
    assert parse({"size": "", "format": "", "bg_color": ""}) == Options()


def test_unknown_fields_are_ignored() -> None:
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
        ("keep", "1 2 3", "x1 y1 x2 y2"),
        ("erase", "1 2 3 4;x", "x1 y1 x2 y2"),
        ("invert", "yes", "true or false"),
        ("threshold", "101", "0 to 100"),
        ("threshold", "-1", "0 to 100"),
        ("smooth", "100.1px", "100px"),
        ("feather", "6%", "5%"),
        ("feather", "-1px", "0px"),
        ("expand", "-", "-100px"),
        ("expand", "1px 1px", "-100px"),
    ],
)
def test_an_invalid_option_is_rejected_with_its_allowed_values(
    field: str, value: str, hint: str
) -> None:
    with pytest.raises(BadOption, match=f"^{field} must be") as rejected:
        parse({field: value})
    assert hint in str(rejected.value)


@pytest.mark.parametrize(
    ("field", "value", "length"),
    [
        ("feather", "3px", Length(3)),
        ("feather", "0.5%", Length(0.5, percent=True)),
        ("expand", "-2", Length(-2)),
        ("expand", "+2.5px", Length(2.5)),
        ("expand", "-5%", Length(-5, percent=True)),
        ("smooth", "100px", Length(100)),
    ],
)
def test_edge_controls_are_lengths(field: str, value: str, length: Length) -> None:
    assert getattr(parse({field: value}).edges, field) == length


def test_threshold_is_a_percentage_and_invert_a_flag() -> None:
    edges = parse({"threshold": "12.5", "invert": "on"}).edges
    assert (edges.threshold, edges.invert) == (0.125, True)


def test_keep_and_erase_are_rectangles_in_the_notation_of_roi() -> None:
    options = parse({"keep": "0 0 50% 8px;10% 10% 20% 20%;", "erase": "1,2,3,4"})
    assert [region.shares(100, 80) for region in options.keep] == [
        (0, 0, 0.5, 0.1),
        (0.1, 0.1, 0.2, 0.2),
    ]
    assert [region.name for region in (*options.keep, *options.erase)] == ["keep", "keep", "erase"]


@pytest.mark.parametrize(
    ("picture", "result"),
    [
        ((4000, 3000), (1440, 1080)),
        ((3000, 4000), (1080, 1440)),
        ((100, 50), (100, 50)),
        ((100_000, 1), (1920, 1)),
    ],
)
def test_a_box_follows_the_orientation_and_never_enlarges(
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
