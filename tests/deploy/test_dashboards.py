"""Every expression of every panel and alert, asked of a real Prometheus that scrapes us."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from deploy.grafana.boards import BOARDS
from deploy.grafana.build import FOLDER, board_of
from tests.conftest import EXAMPLES, LiveService

ALERTS = FOLDER.parents[1] / "prometheus" / "alerts.yml"
NAME = re.compile(r"\b(?:rialto|nv|DCGM)_\w+|\brialto:\w+:\w+")
# What NVIDIA's exporters name their metrics, by their documentation: there is no GPU here.
NOT_OURS = Path(__file__).with_name("gpu_metrics.txt")


@pytest.fixture(scope="module")
def prometheus(
    live_service: LiveService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A Prometheus that has scraped the running service at least once."""
    folder = tmp_path_factory.mktemp("prometheus")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = live_service.url.removeprefix("http://")
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "rialto", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    httpx2.post(
        f"{live_service.url}/restore?task=jpeg", content=(EXAMPLES / "market-q10.jpg").read_bytes()
    ).raise_for_status()
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield scraped(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def scraped(url: str) -> str:
    """Wait until its first sample is in."""
    limit = time.monotonic() + 60
    with httpx2.Client(transport=httpx2.HTTPTransport(retries=100)) as client:
        while time.monotonic() < limit:
            try:
                if client.get(f"{url}/api/v1/query?query=up==1").json()["data"]["result"]:
                    return url
            except httpx2.TransportError:
                continue
    raise AssertionError("Prometheus has scraped nothing for a minute")


def expressions() -> list[str]:
    found = [
        query.expr
        for board in BOARDS
        for panels in board.rows.values()
        for panel in panels
        for query in panel.queries
    ]
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return found + [rule["expr"] for group in groups for rule in group["rules"]]


def test_every_expression_is_answered_and_names_metrics_that_exist(prometheus: str) -> None:
    families = set(httpx2.get(f"{prometheus}/api/v1/metadata").json()["data"])
    recorded = {
        rule["record"]
        for g in yaml.safe_load(ALERTS.read_text())["groups"]
        for rule in g["rules"]
        if "record" in rule
    }
    known = families | recorded | set(NOT_OURS.read_text().split())
    for expr in expressions():
        asked = (
            expr.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$task", ".*")
        )
        answer = httpx2.get(f"{prometheus}/api/v1/query", params={"query": asked}).json()
        assert answer["status"] == "success", (expr, answer)
        for name in NAME.findall(expr):
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert {name, family} & known, f"{name} in {expr}"


def test_the_committed_dashboards_are_what_is_built() -> None:
    files = {file.name for file in FOLDER.glob("*.json")}
    assert files == {f"{board.uid}.json" for board in BOARDS}
    for board in BOARDS:
        assert (FOLDER / f"{board.uid}.json").read_text() == board_of(board)


def test_every_panel_has_a_meaning_and_its_variables_exist() -> None:
    for board in BOARDS:
        document = json.loads(board_of(board))
        variables = {variable["name"] for variable in document["templating"]["list"]}
        for panel in document["panels"]:
            if panel["type"] == "row":
                continue
            assert panel["description"].endswith(".")
            for target in panel["targets"]:
                used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
                assert used <= variables
