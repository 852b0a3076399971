"""`make loadtest`: a service of its own under Locust's load, some 5 minutes.

What is measured goes to loadtest/results/: HTML and CSV of each run, and a picture of the ramp.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest import under_load
from loadtest.traffic import picture
from tests.end_to_end.service import ROOT, Service

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
RESULTS = ROOT / "loadtest" / "results"
DEADLINE_S = 10.0
"""CLEARBG_REQUEST_TIMEOUT_S of the service. Its default would make the queue of an overload as long
as these runs."""
RUNS = {
    "mix": "--shape steady --users 8 --run-time 45s",
    "ramp": "--shape ramp --users 40 --arrivals 0.1 --run-time 150s --photo-mp 0.3 --mix http=1",
    "spike": "--shape spike --users 40 --run-time 50s --photo-mp 0.3,1",
}
"""By name: options of Locust's and ours."""


def run(service: Service, name: str, options: str, results: Path) -> int:
    """Run Locust, headless; its exit status."""
    results.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", LOCUSTFILE, "--headless", "--only-summary"),
            *("--host", service.url, "--grpc-target", service.grpc_url.removeprefix("grpc://")),
            *("--api-key", service.api_key, "--stop-timeout", "30"),
            *("--html", results / f"{name}.html", "--csv", results / name),
            *("--requests-csv", results / f"{name}_requests.csv"),
            *options.split(),
        ],
        cwd=ROOT,
        check=False,
    ).returncode


def main() -> int:
    """Do all runs; how many of them saw an unexpected answer."""
    with (
        tempfile.TemporaryDirectory() as folder,
        under_load.service(Path(folder), request_timeout_s=DEADLINE_S) as service,
    ):
        codes = [run(service, name, options, RESULTS) for name, options in RUNS.items()]
    picture.draw(RESULTS / "ramp_requests.csv", RESULTS / "ramp.png")
    return sum(map(bool, codes))


if __name__ == "__main__":
    sys.exit(main())
