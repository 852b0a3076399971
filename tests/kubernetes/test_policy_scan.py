"""checkov finds nothing in the overlays but the exceptions of checkov.yaml, which are all needed."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.service import ROOT
from tests.kubernetes.objects import Object
from tests.kubernetes.rendering import OVERLAYS, overlay

pytestmark = pytest.mark.real  # runs checkov

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
CONFIGURATION = Path(__file__).with_name("checkov.yaml")


def failed_checks(folder: Path, configuration: dict[str, Any]) -> set[str]:
    """Return the ids of the checks that fail for the files of a folder."""
    config = folder / "checkov.config"
    config.write_text(json.dumps(configuration))
    done = subprocess.run(
        [CHECKOV, "--config-file", config, "--directory", folder, "--output", "json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 50, "it has read the files"
    return {check["check_id"] for check in report["results"]["failed_checks"]}


def write(folder: Path, name: str, objects: Iterable[Object]) -> None:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump_all(objects))


def test_only_the_exceptions_are_found(tmp_path: Path) -> None:
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    exceptions = configuration.pop("skip-check")
    for name in OVERLAYS:
        write(tmp_path, name, overlay(name))
    assert failed_checks(tmp_path, configuration) == set(exceptions)
