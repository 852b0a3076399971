"""Every overlay passes every check."""

import pytest
import yaml

from tests.kubernetes.checks import CHECKS
from tests.kubernetes.checks.references import required_secrets
from tests.kubernetes.rendering import KUSTOMIZE, OVERLAYS, overlay

pytestmark = pytest.mark.real  # renders with kubectl


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_has_no_problem(name: str, check: str) -> None:
    assert list(CHECKS[check](list(overlay(name)))) == []


def test_the_example_of_a_secret_has_the_keys_that_pods_need() -> None:
    example = yaml.safe_load((KUSTOMIZE / "components/stores/secret.example.yaml").read_text())
    needed = required_secrets(list(overlay("cpu")))
    assert needed == {example["metadata"]["name"]: set(example["stringData"])}
