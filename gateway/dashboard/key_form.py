"""The form that creates a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.accounts.accounts import MAX_NAME_LENGTH
from gateway.accounts.api_key import Limits
from gateway.settings import Settings

LIFETIMES = {
    "": "Never",
    "7": "In 7 days",
    "30": "In 30 days",
    "90": "In 90 days",
    "365": "In a year",
}
"""Choices of days, and what they are called."""
MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True)
class NewKey:
    """What a valid form asks for."""

    name: str
    lifetime: timedelta | None
    limits: Limits


class BadForm(Exception):
    """Fields have values that they cannot have.

    Args:
        errors: what to change, by the field's name.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Limit:
    """A field for a number; empty for the default."""

    name: str
    label: str
    help: str
    least: int
    most: int

    def parse(self, text: str) -> int | None:
        """Return the number; None for an empty text.

        Raises:
            ValueError: it is not one of `least` to `most`; the message says what to change.
        """
        if not text:
            return None
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else -1
        if not self.least <= number <= self.most:
            raise ValueError(f"Enter a whole number from {self.least:,} to {self.most:,}.")
        return number


def limits(settings: Settings, *, is_admin: bool) -> tuple[Limit, ...]:
    """Return the fields for limits. Only administrators may exceed the service's own."""
    return (
        _per_minute("requests", settings.rate_limit_requests_per_minute, is_admin),
        _per_minute("megapixels", settings.rate_limit_megapixels_per_minute, is_admin),
        Limit(
            "images_per_month",
            "Images per month",
            "Renewed on the first of each month (UTC). Empty: no quota.",
            1,
            MAX_INTEGER,
        ),
    )


def parse(fields: Mapping[str, str], known: tuple[Limit, ...]) -> NewKey:
    """Return what a form asks for.

    Raises:
        BadForm: a field has a value that it cannot have.
    """
    errors = {}
    name = fields.get("name", "").strip()
    if not (0 < len(name) <= MAX_NAME_LENGTH and name.isprintable()):
        errors["name"] = f"Enter a name of 1 to {MAX_NAME_LENGTH} printable characters."
    days = fields.get("expires", "")
    if days not in LIFETIMES:
        errors["expires"] = "Choose one of the list."
    numbers = {}
    for limit in known:
        try:
            numbers[limit.name] = limit.parse(fields.get(limit.name, "").strip())
        except ValueError as error:
            errors[limit.name] = str(error)
    if errors:
        raise BadForm(errors)
    return NewKey(name, timedelta(days=int(days)) if days else None, Limits(**numbers))


def _per_minute(unit: str, default: int, is_admin: bool) -> Limit:
    is_free = is_admin or default == 0
    usual = f"{default:,} a minute" if default else "no limit"
    return Limit(
        f"{unit}_per_minute",
        f"{unit.capitalize()} per minute",
        f"Empty: as the service has it, {usual}." + (" 0: no limit." if is_free else ""),
        0 if is_free else 1,
        MAX_INTEGER if is_free else default,
    )
