"""Schemathesis sends requests that it generates from our OpenAPI description."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from gateway.accounts.api_key import Limits
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import listening

pytestmark = pytest.mark.real

EXCLUDED_CHECKS = "positive_data_acceptance,negative_data_rejection"
"""The description allows bytes that are no image, which the service rejects, and it does not allow
unknown fields, which the service ignores."""

EXAMPLES = {"small": 15, "large": 5000}
MAX_GROWTH_BYTES = 800_000_000
ROOT = Path(__file__).parents[2]


def test_every_answer_is_in_the_openapi_description(tmp_path: Path) -> None:
    chosen = Settings(
        data_dir=tmp_path,
        image_urls="on",
        image_url_timeout_s=1,
        rate_limit_wrong_keys_per_minute=0,  # each route is also called with wrong keys
    )
    schemathesis = Path(sys.executable).with_name("schemathesis")
    before = psutil.Process().memory_info().rss
    with listening(HalfModel(), chosen, jobs=True) as service:
        command = [
            str(schemathesis),
            "run",
            f"{service.url}/openapi.json",
            f"--header=X-API-Key: {service.new_key(Limits(0, 0))}",
            f"--max-examples={EXAMPLES[settings.get_current_profile_name()]}",
            f"--exclude-checks={EXCLUDED_CHECKS}",
            "--continue-on-failure",
            "--request-timeout=30",
            "--suppress-health-check=all",
            "--no-color",
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, env=os.environ | hooks, cwd=tmp_path, capture_output=True, text=True
        )
    print(done.stdout[-600:])  # noqa: T201 (what ran, for `make fuzz`)
    assert done.returncode == 0, done.stdout + done.stderr
    assert psutil.Process().memory_info().rss - before < MAX_GROWTH_BYTES
