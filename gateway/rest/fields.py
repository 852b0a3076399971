"""OpenAPI schemas of the fields of /v1/removebg."""

from typing import Any

from gateway.options import SIZES, Channels, Format, Refine, variants

Schema = dict[str, Any]

NAMED_SIZES = ", ".join(f"`{name}`" for name in SIZES)
LENGTH = r"[0-9]{1,3}(\.[0-9]{1,6})?(px|%)?"
EDGE_LENGTH = "Pixels of the result up to 100px, or up to 5% of its longer side."

OPTIONS: dict[str, Schema] = {
    "size": {
        "type": "string",
        "description": f"Largest size of the result: {NAMED_SIZES}, `WIDTHxHEIGHT`, or megapixels. "
        "Images are never enlarged.",
        "default": "original",
        "examples": ["1080p", "800x600", "2.5MP"],
    },
    "format": {
        "type": "string",
        "enum": [*Format, "jpeg"],
        "description": "`zip` holds color.jpg and alpha.png; `jpg` is white by default.",
        "default": "png",
    },
    "bg_color": {
        "type": "string",
        "description": "Background colour: a hex code of 3, 4, 6 or 8 digits, or a CSS colour "
        "name.",
        "examples": ["#FFFFFF", "#FFF", "#FFFFFF80", "white"],
    },
    "channels": {
        "type": "string",
        "enum": [*Channels],
        "description": "`alpha` returns only the alpha channel, as a grey image.",
        "default": "rgba",
    },
    "roi": {
        "type": "string",
        "description": "Region that may contain foreground, x1 y1 x2 y2, in pixels of the image "
        "or in %; everything outside is background.",
        "examples": ["0% 0% 50% 100%", "10px 10px 400px 300px"],
    },
    "keep": {
        "type": "string",
        "description": "Rectangles that are foreground, in the notation of `roi`, separated by "
        "semicolons.",
        "examples": ["10px 10px 60px 90px", "0% 80% 100% 100%; 40% 0% 60% 20%"],
    },
    "erase": {
        "type": "string",
        "description": "Rectangles that are background, like `keep`; where both apply, this wins.",
        "examples": ["0% 80% 100% 100%"],
    },
    "invert": {
        "type": "boolean",
        "description": "Keep the background instead of the foreground.",
        "default": False,
    },
    "threshold": {
        "type": "number",
        "minimum": 0,
        "maximum": 100,
        "description": "Make alpha of at least this percentage opaque, and all below transparent; "
        "0 is off.",
        "default": 0,
    },
    "smooth": {
        "type": "string",
        "pattern": rf"^{LENGTH}$",
        "description": "Round jagged edges: details below this length disappear. " + EDGE_LENGTH,
        "default": "0",
        "examples": ["4px", "0.2%"],
    },
    "expand": {
        "type": "string",
        "pattern": rf"^[+-]?{LENGTH}$",
        "description": "Move the edges outward, or inward if negative. " + EDGE_LENGTH,
        "default": "0",
        "examples": ["-2px", "0.5%"],
    },
    "feather": {
        "type": "string",
        "pattern": rf"^{LENGTH}$",
        "description": "Fade the edges over this length to each side. " + EDGE_LENGTH,
        "default": "0",
        "examples": ["3px", "0.5%"],
    },
    "crop": {
        "type": "boolean",
        "description": "Crop the result to the foreground.",
        "default": False,
    },
    "crop_margin": {
        "type": "string",
        "pattern": rf"^{LENGTH}(( +| *, *){LENGTH}){{0,3}}$",
        "description": "Margin left by `crop`: 1, 2 or 4 lengths (all sides; top/bottom and "
        "left/right; clockwise from the top), in pixels up to 500px or in % of the foreground's "
        "own side up to 50%.",
        "default": "0",
        "examples": ["10px", "5%", "10px 5%"],
    },
    "scale": {
        "type": "string",
        "description": "Size of the foreground: 10% to 100% of the result's sides, or "
        "`original`. A scaled foreground is centred unless `position` is given.",
        "default": "original",
        "examples": ["80%"],
    },
    "position": {
        "type": "string",
        "description": "Position of the foreground: `original`, `center`, or one or two "
        "percentages: the share of the free space to its left, and above it.",
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
    "refine": {
        "type": "string",
        "enum": [*Refine],
        "description": "How soft edges follow the image's own colours: `off` enlarges the mask, "
        "`high` is more exact than `auto` and slower.",
        "default": "auto",
    },
    "model": {
        "type": "string",
        "description": "Name of the model, one of `GET /v1/models`. Default: the service's.",
        "examples": ["isnet"],
    },
}

VARIANT: Schema = {
    "type": "object",
    "properties": {
        name: schema for name, schema in OPTIONS.items() if name not in variants.OF_THE_IMAGE
    },
}

VARIANTS: Schema = {
    "type": "array",
    "items": VARIANT,
    "minItems": 1,
    "maxItems": variants.MAX_VARIANTS,
    "description": "Options of several results, which are made instead of one: the image is "
    "segmented and charged once. What a variant leaves out is as in the request.",
    "examples": [[{"size": "preview"}, {"format": "jpg", "bg_color": "white"}]],
}

VARIANTS_TEXT: Schema = {
    "type": "string",
    "contentMediaType": "application/json",
    "contentSchema": VARIANTS,
    "description": f"JSON text. {VARIANTS['description']}",
    "examples": ['[{"size": "preview"}, {"format": "jpg", "bg_color": "white"}]'],
}
"""As a form has them."""

TEXT_SOURCES: dict[str, Schema] = {
    "image_b64": {
        "type": "string",
        "contentEncoding": "base64",
        "description": "The image as base64 text, also as a data URL, instead of a file.",
    },
    "image_url": {
        "type": "string",
        "format": "uri",
        "description": "URL to download the image from, on the public internet. Rejected unless "
        "the operator has enabled it.",
    },
    "mask_b64": {
        "type": "string",
        "contentEncoding": "base64",
        "description": "The mask as base64 text.",
    },
    "trimap_b64": {
        "type": "string",
        "contentEncoding": "base64",
        "description": "The trimap as base64 text.",
    },
}

FILES: dict[str, Schema] = {
    "image": {"type": "string", "format": "binary"},
    "bg_image": {
        "type": "string",
        "format": "binary",
        "description": "Image to lay behind the foreground: scaled to cover the result, and "
        "cropped around its centre. Not together with bg_color.",
    },
    "mask": {
        "type": "string",
        "format": "binary",
        "description": "Mask to use instead of the model's: a grey image of any size, white is "
        "kept; or any image with transparent pixels, of which alpha counts. The alpha of an "
        "earlier result (`channels=alpha`) gives the same result again.",
    },
    "trimap": {
        "type": "string",
        "format": "binary",
        "description": "What to keep (white) and what to erase (black): an image of any size; "
        "grey and transparent pixels stay as the mask has them.",
    },
}
