"""`make loadtest`: start a service and put Locust's load on it, for about 5 minutes.

Results go to loadtest/results/: HTML and CSV of each run, and a chart of the ramp.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest.service_under_load import ready_service
from loadtest.traffic import chart
from tests.end_to_end.service import ROOT, Service

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
RESULTS = ROOT / "loadtest" / "results"
DEADLINE_S = 10.0
"""CLEARBG_REQUEST_TIMEOUT_S of the service. With its default, the queue of an overload would be as
long as these runs."""
RUNS = {
    "mix": "--shape steady --users 8 --run-time 45s",
    "ramp": "--shape ramp --users 40 --arrivals 0.1 --run-time 150s --photo-mp 0.3 --mix http=1",
    "spike": "--shape spike --users 40 --run-time 50s --photo-mp 0.3,1",
}
"""Options of each run, Locust's and ours."""


def run(service: Service, name: str, options: str, results: Path) -> int:
    """Run Locust without its web UI, and return its exit status.

    Args:
        service: to put under load.
        name: of the run and its result files.
        options: Locust's and ours, separated by spaces.
        results: folder for the result files.
    """
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
    """Do all runs, and return how many had an unexpected answer."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ready_service(Path(folder), request_timeout_s=DEADLINE_S) as service,
    ):
        codes = [run(service, name, options, RESULTS) for name, options in RUNS.items()]
    chart.draw(RESULTS / "ramp_requests.csv", RESULTS / "ramp.png")
    return sum(map(bool, codes))


if __name__ == "__main__":
    sys.exit(main())
