"""Every overlay passes every check."""

import pytest

from tests.kubernetes.checks import CHECKS
from tests.kubernetes.rendering import OVERLAYS, overlay

pytestmark = pytest.mark.real  # renders with kubectl


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_has_no_problem(name: str, check: str) -> None:
    assert list(CHECKS[check](list(overlay(name)))) == []
