"""The client is usable without the service's dependencies."""

import subprocess
import sys

import pytest

from gateway import client
from gateway.bulk import job

LIST_MODULES = "import sys, gateway.client; print(*sys.modules, sep='\\n')"
HEAVY = {"cv2", "numpy", "PIL", "sqlalchemy", "fastapi", "openvino", "pydantic", "serving"}


@pytest.mark.real
def test_importing_the_client_imports_nothing_of_the_service() -> None:
    listing = subprocess.run(
        [sys.executable, "-c", LIST_MODULES], capture_output=True, text=True, check=True
    )
    modules = set(listing.stdout.split())
    assert "gateway.client" in modules
    assert modules & HEAVY == set()
    ours = {name for name in modules if name.startswith("gateway.")}
    assert {name for name in ours if not f"{name}.".startswith("gateway.client.")} == set()


def test_the_client_knows_every_item_status_of_the_service() -> None:
    assert [status.value for status in client.ItemStatus] == [s.value for s in job.ItemStatus]
