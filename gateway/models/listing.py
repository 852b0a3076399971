"""What callers are told of the models."""

from collections.abc import Collection
from typing import Any

from gateway.models.models import Models


def describe(models: Models, allowed: Collection[str] | None) -> list[dict[str, Any]]:
    """Return the models that an account may use, the default one first, for JSON or protobuf.

    Args:
        models: of the service.
        allowed: names that the account may use; None: all.
    """
    return [
        {
            "name": each.name,
            "title": each.title,
            "version": each.version,
            "licence": each.licence,
            "non_commercial": each.non_commercial,
            "default": number == 0,
            "devices": list(each.model.devices),
            "seconds_per_image": _rounded(each.model.seconds_per_image),
        }
        for number, each in enumerate(models.usable(allowed))
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
