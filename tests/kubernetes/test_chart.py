"""The Helm chart renders the overlay `cpu`, and with other values what passes the checks."""

import json
import re
from pathlib import Path

import pytest

from tests.kubernetes.objects import Object
from tests.kubernetes.rendering import chart, overlay

pytestmark = pytest.mark.real  # renders with helm and kubectl

VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
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


def test_values_that_the_schema_does_not_know_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("gateway: {replicas: 3}")
    with pytest.raises(AssertionError, match="replicas"):
        chart(tmp_path / "wrong.yaml")
