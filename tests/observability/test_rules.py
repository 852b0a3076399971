"""The alerts: promtool's tests of them, and what promtool does not check."""

import re
from collections import defaultdict

import pytest
import yaml

from gateway.problems import error_classes
from tests.observability.rules import ALERTS, FILES, FOLDER, RULES, UNIT_TESTS, accelerated
from tests.servers.prometheus import promtool

README = (FOLDER / "README.md").read_text()


@pytest.mark.real
def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", *FILES)
    promtool("check", "config", FOLDER / "prometheus.yml")


@pytest.mark.real
@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should(file: object) -> None:
    promtool("test", "rules", str(file))


def test_each_alert_is_tested_firing_and_not_firing() -> None:
    tested: dict[str, set[bool]] = defaultdict(set)
    for file in UNIT_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                tested[case["alertname"]].add(bool(case["exp_alerts"]))
    assert tested == {name: {True, False} for name in ALERTS}


def test_each_alert_has_a_description_and_a_section_in_the_runbook() -> None:
    sections = re.findall(r"^### (Clearbg\w+)$", README, re.M)
    assert sections == list(ALERTS)
    for name, alert in ALERTS.items():
        assert alert["labels"]["severity"] in ("critical", "warning")
        annotations = alert["annotations"]
        assert set(annotations) == {"summary", "description", "runbook"}
        assert annotations["runbook"] == f"deploy/observability/README.md#{name.lower()}"
        section = README.partition(f"### {name}\n")[2]
        assert section.startswith(f"\n`{alert['labels']['severity']}`.")


def test_the_rules_count_the_errors_of_the_service_and_no_others() -> None:
    patterns = {p for r in RULES for p in re.findall(r'status=~"([^"]+)"', r["expr"])}
    (failed,) = patterns
    for kind in error_classes():
        is_servers = kind.http >= 500
        assert bool(re.fullmatch(failed, str(kind.http.value))) == is_servers, kind
        assert bool(re.fullmatch(failed, kind.grpc.name)) == is_servers, kind


def test_accelerating_changes_durations_only() -> None:
    assert accelerated("for: 2m\nexpr: rate(a_5m[5m]) > 60 # [1h] [3d]\ninterval: 30s") == (
        "for: 2s\nexpr: rate(a_5m[5s]) > 60 # [1m] [72m]\ninterval: 1s"
    )
