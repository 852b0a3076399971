"""Options of tritonserver that not every start has: for connections, chosen models and traces."""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

log = logging.getLogger("triton")


def for_connections(age_s: float) -> list[str]:
    """Return the options that replace connections of an age, after their calls; 0: none.

    There is no grace period, after which gRPC would cut calls: they end by their own deadlines.
    """
    return [f"--grpc-max-connection-age={round(1000 * age_s)}"] if age_s else []


def for_models(names: Sequence[str]) -> list[str]:
    """Return the options that load only these models, each by itself; none: all, for good."""
    if not names:
        return []
    options = ["--model-control-mode=explicit", *(f"--load-model={name}" for name in names)]
    if len(names) > 1:  # one that does not load must not end the others
        options.append("--exit-on-error=false")
    return options


def for_traces(binary: Path, environment: Mapping[str, str], url: str) -> list[str]:
    """Return the options that send the spans of traced requests to a URL.

    None if the server was built without tracing: it would not start with them.
    """
    help_ = subprocess.run([str(binary), "--help"], env=environment, capture_output=True, text=True)
    if "opentelemetry" not in help_.stdout + help_.stderr:
        log.warning("this tritonserver cannot trace: its own spans will be missing")
        return []
    config = (
        "mode=opentelemetry",
        f"opentelemetry,url={url}",
        "opentelemetry,resource=service.name=triton",
        "level=TIMESTAMPS",
        "rate=0",  # start no traces; requests that name a trace are still traced
        "count=-1",
    )
    return [f"--trace-config={option}" for option in config]
