"""Prometheus' own checker on its configuration, the alerts, and each alert's firing."""

import subprocess
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


def run(*words: str, folder: Path = DEPLOY / "prometheus") -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_configuration_is_valid() -> None:
    run("promtool", "check", "config", "--syntax-only", "prometheus.yml")
    run("amtool", "check-config", "alertmanager.yml", folder=DEPLOY / "alertmanager")


def test_every_alert_fires_where_it_must_and_only_there() -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", "alerts_test.yml")


def test_every_alert_is_tested_both_ways_and_has_a_runbook() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    tests = yaml.safe_load((DEPLOY / "prometheus/alerts_test.yml").read_text())["tests"]
    checks = [check for test in tests for check in test["alert_rule_test"]]
    pages = DEPLOY.parent / "docs/runbooks"
    assert {page.stem for page in pages.glob("*.md")} == {alert["alert"] for alert in alerts}
    for alert in alerts:
        fires = {
            bool(check["exp_alerts"]) for check in checks if check["alertname"] == alert["alert"]
        }
        assert fires == {True, False}, alert["alert"]
        page = pages / f"{alert['alert']}.md"
        assert alert["annotations"]["runbook"] == f"docs/runbooks/{page.name}"
        assert page.read_text().startswith(f"# {alert['alert']}\n")
        for part in ("What it means", "Look", "Do"):
            assert f"## {part}\n" in page.read_text(), page
