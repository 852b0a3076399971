"""Two of the rounds that `make soak` has twenty of."""

import pytest

from loadtest import bulk_kills


@pytest.mark.parametrize("kind", ["sqlite", "distributed"])
def test_every_job_ends_well_whoever_is_killed(kind: str) -> None:
    bulk_kills.main(2, kind)
