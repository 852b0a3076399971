"""remove.bg's parameters, translated to our own options.

Source: its API description, version 1.0 (APIs-guru/openapi-directory), and its later pages.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.errors import BadOption
from gateway.options import Options, color
from gateway.options import parse as parse_own
from gateway.options.scalars import flag

SIZES = {
    "preview": "preview",
    "small": "preview",
    "regular": "preview",
    "medium": "1.5MP",
    "hd": "4MP",
    "full": "25MP",
    "4k": "25MP",
    "50mp": "50MP",
    "auto": "50MP",
}
LARGEST_PNG = "10MP"
"""The limit of `full`, `50MP` and `auto` for PNG; other formats go up to the named size."""

FORMATS = ("auto", "png", "jpg", "webp", "zip")
TYPE = "other"
"""Subjects are not classified."""
CREDITS = "1"
"""One credit per image of any size."""
SHADOW_TYPES = ("none", "auto", "drop", "car", "3d")
SHADOW_OPACITY = {"car": "90"}
DEFAULT_SHADOW_OPACITY = "50"


def parse(fields: Mapping[str, str], *, has_backdrop: bool) -> Options:
    """Read the options of a request.

    Raises:
        BadOption: with remove.bg's code for the parameter.
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    flag("semitransparency", given.get("semitransparency", "true"))  # of car windows only
    format_ = _format(given, has_backdrop=has_backdrop)
    options = {
        "size": _size(given, format_),
        "format": format_,
        "shadow": _shadow(given),
        **{
            name: given.get(name, "")
            for name in ("bg_color", "channels", "crop", "crop_margin", "roi", "scale", "position")
        },
    }
    return replace(parse_own(options), must_find=True)


def headers(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the headers for credits, and for the subject's type unless `type_level` is none."""
    silent = fields.get("type_level", "").strip().lower() == "none"
    return {"X-Credits-Charged": CREDITS} | ({} if silent else {"X-Type": TYPE})


def _size(given: Mapping[str, str], format_: str) -> str:
    name = given.get("size", "preview").lower()
    if name not in SIZES:
        raise BadOption("size", f"size must be one of {', '.join(SIZES)}.")
    size = SIZES[name]
    return LARGEST_PNG if format_ == "png" and size in ("25MP", "50MP") else size


def _format(given: Mapping[str, str], *, has_backdrop: bool) -> str:
    """Return the format; `auto` is JPEG if the result has no transparency."""
    name = given.get("format", "auto").lower()
    if name not in FORMATS:
        raise BadOption("format", f"format must be one of {', '.join(FORMATS)}.")
    if name != "auto":
        return name
    behind = color.parse(given["bg_color"]) if "bg_color" in given else (0, 0, 0, 0)
    opaque = has_backdrop or behind[3] == 255
    return "jpg" if opaque and given.get("channels", "rgba") == "rgba" else "png"


def _shadow(given: Mapping[str, str]) -> str:
    """Return the opacity in percent. There is one kind of shadow, a soft drop shadow."""
    kind = _for_type(given, "shadow_type").lower()
    if not kind:
        kind = "drop" if flag("add_shadow", given.get("add_shadow", "false")) else "none"
    if kind not in SHADOW_TYPES:
        raise BadOption("shadow_type", f"shadow_type must be one of {', '.join(SHADOW_TYPES)}.")
    opacity = _for_type(given, "shadow_opacity").lower()
    if opacity in ("", "auto"):
        opacity = SHADOW_OPACITY.get(kind, DEFAULT_SHADOW_OPACITY)
    if not opacity.isascii() or not opacity.isdecimal() or int(opacity) > 100:
        raise BadOption("shadow_opacity", "shadow_opacity must be 0 to 100, or auto.")
    return "0" if kind == "none" else opacity


def _for_type(given: Mapping[str, str], name: str) -> str:
    """Return a parameter that may be given per type of subject: `shadow_type[other]`."""
    return given.get(f"{name}[{TYPE}]") or given.get(name, "")
