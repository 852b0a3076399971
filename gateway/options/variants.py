"""The option `variants`: several results of one image, each with options of its own."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gateway.errors import BadOption

NAME = "variants"
MAX_VARIANTS = 10
"""Results of one request: all of them are in memory until the answer is sent."""
OF_THE_IMAGE = frozenset(
    ("image", "image_b64", "image_url", "bg_image", "mask", "mask_b64", "trimap", "trimap_b64")
    + ("roi", "model", NAME)
)
"""Fields that variants cannot have: one decoded image and one mask serve all of them."""


def fields(text: str) -> list[dict[str, str]]:
    """Parse a JSON array of objects to the text fields of each variant.

    Raises:
        BadOption: it is not 1 to MAX_VARIANTS flat objects, or one has a field of `OF_THE_IMAGE`.
    """
    try:
        variants = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOption(NAME, f"{NAME} is not valid JSON.") from error
    if not isinstance(variants, list) or not 1 <= len(variants) <= MAX_VARIANTS:
        raise BadOption(
            NAME,
            f"{NAME} must be a JSON array of 1 to {MAX_VARIANTS} objects with options, such as "
            '[{"size": "preview"}, {"format": "jpg", "bg_color": "white"}].',
        )
    found = []
    for number, variant in enumerate(variants):
        with naming_variant(number):
            found.append(_fields(variant))
    return found


@contextmanager
def naming_variant(number: int | None) -> Iterator[None]:
    """Name a variant in the errors of the block; None: there are no variants.

    Raises:
        BadOption: the block's, with `variants[number].` before the option.
    """
    try:
        yield
    except BadOption as error:
        if number is None:
            raise
        place = f"{NAME}[{number}]"
        field = f"{place}.{error.field}" if error.field else place
        raise BadOption(field, f"{place}: {error}", error.code) from error


def _fields(variant: object) -> dict[str, str]:
    if not isinstance(variant, Mapping):
        raise BadOption("", 'a variant must be an object with options, such as {"size": "4k"}.')
    for name in OF_THE_IMAGE & set(variant):
        raise BadOption(name, f"{name} is one for all variants: send it beside {NAME}.")
    return {name: _as_text(name, value) for name, value in variant.items()}


def _as_text(name: str, value: Any) -> str:
    """Return a value as a form has it; null is the option's default."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadOption(name[:40], f"{name[:40]!r} must be a text, a number or a boolean.")
