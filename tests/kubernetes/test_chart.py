"""The Helm chart renders the overlay `cpu`, and with other values what passes the checks."""

import json
import re
from pathlib import Path

import pytest

from tests.kubernetes.checks import CHECKS
from tests.kubernetes.objects import Object
from tests.kubernetes.rendering import VALUES, chart, overlay

pytestmark = pytest.mark.real  # renders with helm and kubectl

HASH = re.compile(r"clearbg-settings-[a-z0-9]{10}\b")
"""A changed setting changes the name, and so replaces the pods; kustomize has its own hash."""


def by_name(objects: tuple[Object, ...]) -> dict[tuple[str, str], Object]:
    """Return the objects by kind and name, without hashes in names."""
    found = json.loads(HASH.sub("clearbg-settings", json.dumps(objects)))
    return {(thing["kind"], thing["metadata"]["name"]): thing for thing in found}


def test_the_default_render_equals_the_overlay() -> None:
    assert by_name(chart()) == by_name(overlay("cpu"))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
@pytest.mark.parametrize("check", CHECKS)
def test_a_render_with_other_values_has_no_problem(values: Path, check: str) -> None:
    rendered = chart(values)
    assert rendered != chart()
    assert list(CHECKS[check](list(rendered))) == []
