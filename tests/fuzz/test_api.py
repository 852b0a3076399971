"""Schemathesis reads our own description of the API and tries everything that it allows."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
from hypothesis import settings

from gateway.accounts.keys import Limits
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import listening

TOO_STRICT = "positive_data_acceptance,negative_data_rejection"
"""Bytes that are no image fit the description and are refused; unknown fields do not fit it and are
ignored."""

EXAMPLES = {"small": 60, "large": 5000}
MAX_GROWTH_BYTES = 800_000_000
ROOT = Path(__file__).parents[2]


def test_no_request_finds_an_answer_that_is_not_described(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, image_urls="on", image_url_timeout_s=1)
    schemathesis = Path(sys.executable).with_name("schemathesis")
    before = psutil.Process().memory_info().rss
    with listening(HalfModel(), chosen, jobs=True) as service:
        command = [
            str(schemathesis),
            "run",
            f"{service.url}/openapi.json",
            f"--header=X-API-Key: {service.new_key(Limits(0, 0))}",
            f"--max-examples={EXAMPLES[settings.get_current_profile_name()]}",
            f"--exclude-checks={TOO_STRICT}",
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
