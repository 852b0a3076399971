"""The Helm chart is generated from the overlay `cpu`."""

import re
import subprocess

import pytest

from deploy.helm.__main__ import CHART, DEPLOY, RULES, chart, prometheus_rule
from tests.kubernetes.rendering import templated

pytestmark = pytest.mark.real  # renders with helm and kubectl


def test_the_generated_files_are_up_to_date() -> None:
    assert {path: path.read_text() for path in chart()} == chart()
    assert RULES.read_text() == prometheus_rule()


def test_a_changed_setting_replaces_the_pods() -> None:
    names = [
        set(re.findall(r"clearbg-settings-\w+", templated(*arguments)))
        for arguments in ((), ("--set-string", "settings.CLEARBG_MAX_QUEUE=32"))
    ]
    assert all(len(found) == 1 for found in names)
    assert names[0] != names[1]


def test_an_unknown_value_is_rejected() -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        templated("--set", "gateway.replicas=3")
    assert "replicas" in failure.value.stderr


def test_versions_are_those_of_the_package() -> None:
    version = re.search(r'^version = "(.+)"', (DEPLOY.parent / "pyproject.toml").read_text(), re.M)
    assert version
    assert set(re.findall(r"ersion: ([\d.]+)\n", (CHART / "Chart.yaml").read_text())) == {
        version[1]
    }
    objects = (CHART / "templates" / "clearbg.yaml").read_text()
    assert f"name: clearbg-migrate-{version[1].replace('.', '-')}\n" in objects
