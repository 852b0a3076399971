"""`clearbg capacity --kubernetes`: a patch that applies to the overlay `cpu`."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gateway.capacity import costs
from gateway.capacity.kubernetes import GPU, overlay_patch
from gateway.capacity.plan import make_plan
from gateway.cli import app
from tests.capacity.test_plan import COSTS, DEMAND
from tests.kubernetes.checks import CHECKS
from tests.kubernetes.mutations import Manifests
from tests.kubernetes.rendering import KUSTOMIZE, kustomize, overlay

ARGUMENTS = ("capacity", "--rps", "10", "--p95-ms", "3000", "--cores", "4", "--kubernetes")


@pytest.fixture
def patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command prints, with costs that were measured before."""
    monkeypatch.setenv("CLEARBG_DATA_DIR", str(tmp_path))
    costs.write(COSTS, tmp_path)
    done = CliRunner().invoke(app, ARGUMENTS)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.real
@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_the_patch_applies_and_passes_the_checks(patch: str, tmp_path: Path, name: str) -> None:
    target = tmp_path / "deploy"
    target.symlink_to(KUSTOMIZE)  # kustomize wants relative paths
    (tmp_path / "sized").mkdir()
    (tmp_path / "sized" / "capacity.yaml").write_text(patch)
    (tmp_path / "sized" / "kustomization.yaml").write_text(
        f"resources: [../deploy/overlays/{name}]\npatches: [{{path: capacity.yaml}}]\n"
    )
    objects = list(kustomize(tmp_path / "sized"))
    assert len(objects) == len(overlay(name))
    assert [p for check in CHECKS.values() for p in check(objects)] == []
    sized = Manifests(objects)
    resources = sized.container("gateway")["resources"]
    assert resources["requests"]["cpu"] == resources["limits"]["cpu"] == "4"
    assert resources["limits"]["memory"], "kept"
    scaler = sized.spec("ScaledObject", "triton")
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (5, 10)
    assert sized.spec("HorizontalPodAutoscaler", "gateway")["minReplicas"] == 2, "one may fail"


def test_the_command_prints_nothing_but_yaml(patch: str) -> None:
    kinds = [document["kind"] for document in yaml.safe_load_all(patch)]
    assert kinds == ["Deployment", "HorizontalPodAutoscaler", "Deployment", "ScaledObject"]


def test_a_model_on_a_gpu_gets_a_gpu_and_no_cores() -> None:
    plan = make_plan(DEMAND, replace(COSTS, model_s=0.01, model_cores=0))
    documents = list(yaml.safe_load_all(overlay_patch(plan, DEMAND)))
    container = documents[2]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"requests": {GPU: "1"}, "limits": {GPU: "1"}}
