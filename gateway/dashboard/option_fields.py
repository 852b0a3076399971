"""The options of the API as fields of a form, from the same schemas as its reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from gateway.options import SIZES
from gateway.rest.fields import OPTIONS

IMPORTANT = ("size", "format", "bg_color", "crop")
"""Shown at once; all others are under "More options"."""
LABELS = {"bg_color": "Background colour", "roi": "Region of interest"}


@dataclass(frozen=True)
class OptionField:
    """One option."""

    name: str
    label: str
    kind: str
    """`choice`, `flag`, `number` or `text`."""
    help: Markup
    choices: Sequence[str]
    """Of a choice; of a text, suggestions."""
    default: str
    example: str
    most: float | None
    """Of a number, which is at least 0."""


def option_fields(models: Sequence[str]) -> tuple[list[OptionField], list[OptionField]]:
    """Return the important fields, and the others.

    Args:
        models: names of those that the account may use.
    """
    choices = {"model": models, "size": tuple(SIZES)}
    fields = [_field(name, schema, choices.get(name, ())) for name, schema in OPTIONS.items()]
    important = [field for field in fields if field.name in IMPORTANT]
    return important, [field for field in fields if field.name not in IMPORTANT]


def label(name: str) -> str:
    """Return the label of an option."""
    return LABELS.get(name, name.replace("_", " ").capitalize())


def _field(name: str, schema: dict[str, Any], choices: Sequence[str]) -> OptionField:
    kinds = {"boolean": "flag", "number": "number"}
    is_choice = "enum" in schema or name == "model"
    return OptionField(
        name=name,
        label=label(name),
        kind="choice" if is_choice else kinds.get(schema["type"], "text"),
        help=_with_code(schema["description"]),
        choices=choices or [value for value in schema.get("enum", ()) if value != "jpeg"],
        default=str(schema.get("default", "")),
        example=next(iter(schema.get("examples", ())), ""),
        most=schema.get("maximum"),
    )


def _with_code(description: str) -> Markup:
    """Return a description whose Markdown code spans are HTML."""
    parts = description.split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(
        code.format(part) if number % 2 else part for number, part in enumerate(parts)
    )
