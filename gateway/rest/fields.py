"""Every field of /v1/removebg, as /openapi.json describes it."""

from typing import Any

from gateway.options import SIZES, Channels, Format

Schema = dict[str, Any]

NAMED_SIZES = ", ".join(f"`{name}`" for name in SIZES)
LENGTH = r"[0-9]{1,3}(\.[0-9]{1,6})?(px|%)?"

OPTIONS: dict[str, Schema] = {
    "size": {
        "type": "string",
        "description": f"Largest result: {NAMED_SIZES}, `WIDTHxHEIGHT`, or megapixels. Nothing is "
        "enlarged.",
        "default": "original",
        "examples": ["1080p", "800x600", "2.5MP"],
    },
    "format": {
        "type": "string",
        "enum": [*Format, "jpeg"],
        "description": "`zip` holds color.jpg and alpha.png; `jpg` is on white by default.",
        "default": "png",
    },
    "bg_color": {
        "type": "string",
        "description": "Colour to put under the foreground: a hex code of 3, 4, 6 or 8 digits, or "
        "a name that CSS knows.",
        "examples": ["#FFFFFF", "#FFF", "#FFFFFF80", "white"],
    },
    "channels": {
        "type": "string",
        "enum": [*Channels],
        "description": "`alpha` answers the alpha itself, as a grey image.",
        "default": "rgba",
    },
    "roi": {
        "type": "string",
        "description": "Where a foreground is looked for, x1 y1 x2 y2, in pixels of the image or "
        "in %; all else is background.",
        "examples": ["0% 0% 50% 100%", "10px 10px 400px 300px"],
    },
    "crop": {
        "type": "boolean",
        "description": "Cut off what is empty around the foreground.",
        "default": False,
    },
    "crop_margin": {
        "type": "string",
        "pattern": rf"^{LENGTH}(( +| *, *){LENGTH}){{0,3}}$",
        "description": "Room left by `crop`: 1, 2 or 4 lengths (all sides; top/bottom and "
        "left/right; clockwise from the top), in pixels up to 500px or in % of the foreground's "
        "own side up to 50%.",
        "default": "0",
        "examples": ["10px", "5%", "10px 5%"],
    },
    "scale": {
        "type": "string",
        "description": "How large the foreground is: 10% to 100% of the result's sides, or "
        "`original`. It is centred then, unless `position` says where.",
        "default": "original",
        "examples": ["80%"],
    },
    "position": {
        "type": "string",
        "description": "Where the foreground is: `original`, `center`, or one or two percentages: "
        "how much of the free room lies to the left, and above.",
        "default": "original",
        "examples": ["center", "50% 100%"],
    },
    "shadow": {
        "type": "number",
        "minimum": 0,
        "maximum": 100,
        "description": "Opacity of a soft drop shadow, in percent.",
        "default": 0,
    },
}

TEXT_SOURCES: dict[str, Schema] = {
    "image_b64": {
        "type": "string",
        "contentEncoding": "base64",
        "description": "The image as base64 text, also as a data URL, instead of a file.",
    },
    "image_url": {
        "type": "string",
        "format": "uri",
        "description": "Where to fetch the image from, on the public internet. Off by default: "
        "then it is refused.",
    },
}

FILES: dict[str, Schema] = {
    "image": {"type": "string", "format": "binary"},
    "bg_image": {
        "type": "string",
        "format": "binary",
        "description": "An image to put under the foreground: it is enlarged or shrunk until it "
        "covers the result, and its middle is taken. Not together with bg_color.",
    },
}
