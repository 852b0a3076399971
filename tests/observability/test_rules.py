"""The alerts: promtool plays them through; here is what it does not see."""

import re
from collections import defaultdict

import pytest
import yaml

from gateway.errors import kinds
from tests.observability.rules import ALERTS, FILES, FOLDER, RULES, UNIT_TESTS, hastened
from tests.servers.prometheus import promtool

README = (FOLDER / "README.md").read_text()


def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", *FILES)
    promtool("check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should(file: object) -> None:
    promtool("test", "rules", str(file))


def test_each_alert_is_played_through_firing_and_not() -> None:
    played: dict[str, set[bool]] = defaultdict(set)
    for file in UNIT_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                played[case["alertname"]].add(bool(case["exp_alerts"]))
    assert played == {name: {True, False} for name in ALERTS}


def test_each_alert_says_what_it_is_and_leads_to_its_section() -> None:
    sections = re.findall(r"^### (Clearbg\w+)$", README, re.M)
    assert sections == list(ALERTS)
    for name, alert in ALERTS.items():
        assert alert["labels"]["severity"] in ("critical", "warning")
        notes = alert["annotations"]
        assert set(notes) == {"summary", "description", "runbook"}
        assert notes["runbook"] == f"deploy/observability/README.md#{name.lower()}"
        section = README.partition(f"### {name}\n")[2]
        assert section.startswith(f"\n`{alert['labels']['severity']}`.")


def test_failures_are_our_errors_and_no_others() -> None:
    patterns = {p for r in RULES for p in re.findall(r'status=~"([^"]+)"', r["expr"])}
    (failed,) = patterns
    for kind in kinds():
        ours = kind.http >= 500
        assert bool(re.fullmatch(failed, str(kind.http.value))) == ours, kind
        assert bool(re.fullmatch(failed, kind.grpc.name)) == ours, kind


def test_hastening_changes_durations_only() -> None:
    assert hastened("for: 2m\nexpr: rate(a_5m[5m]) > 60 # [1h] [3d]\ninterval: 30s") == (
        "for: 2s\nexpr: rate(a_5m[5s]) > 60 # [1m] [72m]\ninterval: 1s"
    )
