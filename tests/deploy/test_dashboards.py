"""Every expression of every panel and alert, asked of a real Prometheus that scrapes us."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
import yaml

from deploy.grafana.asking import ALERTS, SAMPLE, Prometheus, exposed, prometheus_on, substituted
from deploy.grafana.boards import BOARDS
from deploy.grafana.build import FOLDER, board_of
from tests.conftest import EXAMPLES, ROOT, LiveService, start_service
from tests.service.engine.conftest import triton_on

NAME = re.compile(r"\b(?:rialto|nv|DCGM|node|kubelet)_\w+|\brialto:\w+:\w+")
# Of a machine's exporter and of a cluster's kubelet: promtool's tests have them, no service here.
ELSEWHERE = ("node_filesystem_", "kubelet_volume_")


@pytest.fixture(scope="module")
def prometheus(
    live_service: LiveService, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """One that scrapes a service with its own engine, one through Triton, Triton, and a sample of
    DCGM's exporter; each service has restored a photo.
    """
    photo = (EXAMPLES / "market-q10.jpg").read_bytes()
    with ExitStack() as stack:
        triton = stack.enter_context(triton_on(ROOT / "model_repo"))
        through = start_service(cache, engine="triton", triton_url=triton.url)
        stack.callback(through.stop)
        for service in (live_service, through):
            restored = httpx2.post(f"{service.url}/restore?task=jpeg", content=photo, timeout=60)
            restored.raise_for_status()
        targets = {
            "rialto": [one.url.removeprefix("http://") for one in (live_service, through)],
            "triton": [f"127.0.0.1:{triton.ports.metrics}"],
            "dcgm": [stack.enter_context(exposed(SAMPLE))],
        }
        yield stack.enter_context(prometheus_on(targets, tmp_path_factory.mktemp("prometheus")))


def expressions() -> list[str]:
    found = [
        query.expr
        for board in BOARDS
        for panels in board.rows.values()
        for panel in panels
        for query in panel.queries
    ]
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    found += [rule["expr"] for group in groups for rule in group["rules"]]
    scaling = yaml.safe_load_all((ROOT / "deploy/kustomize/base/scaling.yaml").read_text())
    scaled = next(one for one in scaling if one["kind"] == "ScaledObject")
    return [*found, *(trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"])]


def test_every_expression_is_answered_and_names_metrics_that_exist(prometheus: Prometheus) -> None:
    recorded = {
        rule["record"]
        for g in yaml.safe_load(ALERTS.read_text())["groups"]
        for rule in g["rules"]
        if "record" in rule
    }
    known = prometheus.families() | recorded
    assert len(known & {"DCGM_FI_DEV_FB_USED", "nv_inference_count", "rialto_triton_up"}) == 3
    for expr in expressions():
        prometheus.query(substituted(expr))
        for name in NAME.findall(expr):
            family = re.sub(r"_(bucket|sum|count|total)$", "", name)
            assert {name, family} & known or name.startswith(ELSEWHERE), f"{name} in {expr}"


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


def test_every_board_has_a_picture_that_a_page_can_bear() -> None:
    for board in BOARDS:
        picture = ROOT / "docs" / f"{board.uid}.png"
        assert 20_000 < picture.stat().st_size < 200_000
        assert f"({picture.name})" in (ROOT / "docs/05-operating.md").read_text()
