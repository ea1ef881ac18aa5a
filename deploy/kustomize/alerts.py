"""The alerts as a PrometheusRule; `python -m deploy.kustomize.alerts` writes it."""

from pathlib import Path

import yaml

ALERTS = Path(__file__).parents[1] / "prometheus" / "alerts.yml"
RULE = Path(__file__).parent / "base" / "alerts.yaml"


def prometheus_rule() -> str:
    """The document's text, the same bytes every time."""
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "rialto"},
        "spec": yaml.safe_load(ALERTS.read_text()),
    }
    head = "# Made from deploy/prometheus/alerts.yml by `python -m deploy.kustomize.alerts`.\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=100)


if __name__ == "__main__":
    RULE.write_text(prometheus_rule())
