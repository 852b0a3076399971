import os
import shutil
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from tests.containers.podman import TOOLS, podman
from tests.end_to_end.service import ROOT


def why_not() -> str:
    """Return why containers cannot run here; empty: they can."""
    if os.geteuid():
        return "only root may run containers with limits here"
    if missing := [name for name in ("buildah", "podman", "runc") if not shutil.which(name)]:
        return f"{', '.join(missing)} is missing: make test-images installs it on Debian"
    if not (TOOLS / "docker-compose").exists():
        return "run it with make test-images, which builds the images"
    return ""


@pytest.fixture(scope="session", autouse=True)
def images() -> Iterator[None]:
    """Skip the tests where there are no containers; on CI they fail."""
    if reason := why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield
    _kill_monitors()


def _kill_monitors() -> None:
    """End the monitors of health checks that ran while their container was removed: they stay."""
    containers = podman("ps", "--all", "--quiet", "--no-trunc").split()
    storage = str(ROOT / "var" / "containers")
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        if process.info["name"] == "conmon" and storage in " ".join(command):
            if not set(containers) & set(command):
                process.kill()


@pytest.fixture(scope="session")
def image(images: None) -> str:
    """The image of gateway and worker."""
    script = str(ROOT / "scripts" / "containers.sh")
    subprocess.run([script, "podman", "image", "exists", "localhost/clearbg:dev"], check=True)
    return "localhost/clearbg:dev"
