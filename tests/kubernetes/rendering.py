"""The manifests as `kubectl kustomize` and `helm template` render them, without a cluster."""

import subprocess
from functools import cache
from pathlib import Path

import yaml

from tests.end_to_end.service import ROOT
from tests.kubernetes.objects import Object

TOOLS = Path(__file__).parent / "tools"
BINARIES = TOOLS / "node_modules" / "bin"
"""helm and kubectl, which make has unpacked."""
KUSTOMIZE = ROOT / "deploy" / "kubernetes"
CHART = ROOT / "deploy" / "helm" / "clearbg"
OVERLAYS = ("local", "cpu", "gpu")
VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
"""Values files of charts that the checks must pass for too."""


@cache
def overlay(name: str) -> tuple[Object, ...]:
    """Return the objects of an overlay. Callers that change them make a copy first."""
    return kustomize(KUSTOMIZE / "overlays" / name)


def kustomize(folder: Path) -> tuple[Object, ...]:
    return _objects(kustomized(folder))


def kustomized(folder: Path) -> str:
    return _run("kubectl/kubectl", "kustomize", str(folder))


@cache
def chart(
    *values: Path, release: str = "clearbg", namespace: str = "clearbg"
) -> tuple[Object, ...]:
    """Return the objects of the chart, with the values of some files."""
    files = [argument for path in values for argument in ("--values", str(path))]
    return _objects(templated(*files, release=release, namespace=namespace))


def templated(*arguments: str, release: str = "clearbg", namespace: str = "clearbg") -> str:
    """Return what `helm template` prints for the chart.

    Raises:
        CalledProcessError: it rejects the arguments; stderr says why.
    """
    chosen = ("template", release, str(CHART), "--namespace", namespace)
    return _run("helm/helm", *chosen, *arguments)


def _run(tool: str, *arguments: str) -> str:
    try:
        return subprocess.run(
            [BINARIES / tool, *arguments], capture_output=True, text=True, check=True
        ).stdout
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise


def _objects(text: str) -> tuple[Object, ...]:
    return tuple(thing for thing in yaml.safe_load_all(text) if thing)
