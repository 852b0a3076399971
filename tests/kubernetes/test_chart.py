"""The chart renders what the overlay `cpu` has, and other values give what passes the checks."""

import re
from pathlib import Path

import pytest

from tests.kubernetes.objects import Object
from tests.kubernetes.rendering import chart, overlay

pytestmark = pytest.mark.real  # renders with helm and kubectl

VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
HASH = re.compile(r"^(clearbg-[a-z-]+)-[a-z0-9]{10}$")
"""kustomize ends the names of ConfigMaps with a hash of their content; the chart annotates pods."""


def comparable(objects: tuple[Object, ...]) -> dict[tuple[str, str], Object]:
    """Return the objects by kind and name, without what the two tools do differently."""
    found = {}
    for thing in objects:
        cleaned = _cleaned(thing)
        metadata = cleaned["metadata"]
        metadata.pop("namespace", None)
        annotations = (
            cleaned.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations", {})
            if isinstance(cleaned.get("spec", {}).get("template"), dict)
            else {}
        )
        annotations.pop("checksum/settings", None)
        if annotations == {} and "template" in cleaned.get("spec", {}):
            cleaned["spec"]["template"].get("metadata", {}).pop("annotations", None)
        found[cleaned["kind"], metadata["name"]] = cleaned
    return found


def _cleaned(value: object) -> Object:
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]  # type: ignore[return-value]
    if isinstance(value, str) and (match := HASH.match(value)):
        return match[1]  # type: ignore[return-value]
    return value  # type: ignore[return-value]


def test_the_default_render_equals_the_overlay() -> None:
    assert comparable(chart()) == comparable(overlay("cpu"))
