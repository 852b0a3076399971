"""Requests that fail because of an option."""

from tests.rest.case import Case, fields

OPTION_CASES = [
    Case("size", "bad-option", "4k", fields(size="big")),
    Case("format", "bad-option", "png, jpg", fields(format="tiff")),
    Case("colour", "bad-option", "#FFF", fields(bg_color="red-ish")),
    Case("channels", "bad-option", "rgba, alpha", fields(channels="rgb")),
    Case("crop", "bad-option", "true or false", fields(crop="maybe")),
    Case("margin", "bad-option", "crop_margin", fields(crop_margin="1 2 3")),
    Case("region", "bad-option", "x1 y1 x2 y2", fields(roi="1 2 3")),
    Case("region beyond the image", "bad-option", "8x8", fields(roi="0 0 9 8")),
    Case("region without pixels", "bad-option", "no pixels", fields(roi="5 0 5 8")),
    Case("keep", "bad-option", "keep must be four", fields(keep="0 0 4 4; 1 2 3")),
    Case("erase", "bad-option", "erase must be four", fields(erase="all")),
    Case("keep beyond the image", "bad-option", "keep reaches", fields(keep="0 0 9 8")),
    Case("erase without pixels", "bad-option", "erase has no", fields(erase="0 0 9% 9%")),
    Case("many rectangles", "bad-option", "at most 100", fields(keep="0 0 1 1;" * 101)),
    Case("invert", "bad-option", "true or false", fields(invert="maybe")),
    Case("threshold", "bad-option", "threshold must be 0 to 100", fields(threshold="dark")),
    Case("smooth", "bad-option", "smooth must be a length", fields(smooth="101px")),
    Case("expand", "bad-option", "-100px to 100px", fields(expand="--2px")),
    Case("wide expand", "bad-option", "up to 5%", fields(expand="-5.1%")),
    Case("feather", "bad-option", "feather must be a length", fields(feather="1px 2px")),
    Case("negative feather", "bad-option", "0px to 100px", fields(feather="-1px")),
    Case("scale", "bad-option", "10%", fields(scale="5%")),
    Case("position", "bad-option", "center", fields(position="101%")),
    Case("refine", "bad-option", "auto, off, high", fields(refine="best")),
    Case("shadow", "bad-option", "0 to 100", fields(shadow="dark")),
    Case("long margin", "bad-option", "500px", fields(crop_margin="501px")),
    Case("wide margin", "bad-option", "50%", fields(crop_margin="51%")),
    Case(
        "margin beyond the pixels",
        "bad-option",
        "crop_margin",
        lambda photo: {"files": {"image": photo()}, "data": {"crop": "1", "crop_margin": "500px"}},
    ),
    Case(
        "two backgrounds",
        "bad-option",
        "not both",
        lambda photo: {
            "files": {"image": photo(), "bg_image": photo()},
            "data": {"bg_color": "#FFF"},
        },
    ),
]
