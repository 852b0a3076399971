"""The checks find what is wrong: without these tests, a check that never finds anything passes."""

from copy import deepcopy

import pytest

from tests.kubernetes.checks import CHECKS
from tests.kubernetes.mutations import Manifests, Mutation
from tests.kubernetes.rendering import overlay
from tests.kubernetes.wrong_edits import WRONG_EDITS

pytestmark = pytest.mark.real  # renders with kubectl


@pytest.mark.parametrize("mutation", WRONG_EDITS, ids=lambda mutation: mutation.name)
def test_a_wrong_edit_is_found(mutation: Mutation) -> None:
    check = CHECKS[mutation.check]
    manifests = Manifests(deepcopy(list(overlay("cpu"))))
    before = set(check(manifests.objects))
    mutation.edit(manifests)
    assert set(check(manifests.objects)) - before


def test_every_check_has_a_wrong_edit_that_it_finds() -> None:
    assert CHECKS.keys() - {mutation.check for mutation in WRONG_EDITS} == set()


def test_the_grace_of_triton_on_a_gpu_covers_its_own_timeout() -> None:
    manifests = Manifests(deepcopy(list(overlay("gpu"))))
    assert not list(CHECKS["grace_covers_shutdown"](manifests.objects))
    manifests.pod("triton")["terminationGracePeriodSeconds"] = 40
    assert list(CHECKS["grace_covers_shutdown"](manifests.objects))
