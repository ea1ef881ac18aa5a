"""One photo's time as a trace: from its sender, through the queue, to each evaluation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from rialto import Client
from tests.conftest import EXAMPLES, start_service
from tests.service.engine.conftest import tiny_repository
from tests.service.observe.collector import Collector, Seen, collecting

PHOTO = (EXAMPLES / "parrots-small.png").read_bytes()
SERVER, CLIENT, CONSUMER = 2, 3, 5
ONE, TWO, THREE = (digit * 32 for digit in "abc")


def sent(trace: str, *, kept: bool = True) -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{'1' * 16}-{kept:02d}", "X-Request-Id": trace[:8]}


@dataclass(frozen=True)
class Told:
    """What a service told of three photos: spans, log lines, and metrics with exemplars."""

    collector: Collector
    log: list[str]
    metrics: str

    def of(self, trace: str) -> dict[str, list[Seen]]:
        """A trace's spans by name."""
        spans = [span for span in self.collector.spans if span.trace == trace]
        return {name: [span for span in spans if span.name == name] for name in _names(spans)}


def _names(spans: list[Seen]) -> set[str]:
    return {span.name for span in spans}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One photo restored at once, one refused, one by a job, one that asked not to be traced."""
    folder: Path = tmp_path_factory.mktemp("traced")
    repository = str(tiny_repository(folder / "repo"))
    with collecting() as collector:
        service = start_service(folder, otlp_endpoint=collector.url, model_repo=repository)
        with httpx2.Client(base_url=service.url, timeout=60) as client:
            path = "/restore?task=test&steps=3"
            assert client.post(path, content=PHOTO, headers=sent(ONE)).status_code == 200
            assert client.post(path, content=b"no photo", headers=sent(TWO)).status_code == 415
            client.post(path, content=PHOTO, headers=sent("d" * 32, kept=False))
            job = client.post("/jobs", json={"outputs": [{"task": "test"}]}).json()["id"]
            client.put(f"/jobs/{job}/photos/a.png", content=PHOTO, headers=sent(THREE))
            client.post(f"/jobs/{job}/close")
            with Client(service.url) as waiting:
                assert waiting.jobs.wait(job).counts.restored == 1
            asked = {"Accept": "application/openmetrics-text; version=1.0.0"}
            metrics = client.get("/metrics", headers=asked).text
        service.stop()  # which sends what is left
        yield Told(collector, service.log, metrics)


def test_a_photos_stages_and_steps_are_below_its_request(told: Told) -> None:
    spans = told.of(ONE)
    [request] = spans["POST /restore"]
    assert (request.parent, request.kind, request.service) == ("1" * 16, SERVER, "rialto")
    stages = {name: spans[f"rialto.{name}"][0] for name in ("decode", "wait", "infer", "pack")}
    assert {stage.parent for stage in stages.values()} == {request.id}
    assert stages["infer"].events == ["step"] * 6  # three steps in each of two regions
    assert {span.parent for span in spans["rialto.evaluate"]} == {stages["infer"].id}
    assert len(spans["rialto.evaluate"]) >= 3
    assert spans["rialto.evaluate"][0].kind == CLIENT


def test_a_request_is_described_by_the_stable_conventions(told: Told) -> None:
    [request] = told.of(ONE)["POST /restore"]
    assert request.attributes.items() >= {
        ("http.request.method", "POST"),
        ("http.route", "/restore"),
        ("http.response.status_code", 200),
        ("url.scheme", "http"),
        ("url.path", "/restore"),
        ("server.address", "127.0.0.1"),
        ("client.address", "127.0.0.1"),
    }
    assert not request.failed
    assert "url.query" not in request.attributes


def test_a_refusal_ends_its_stage_as_failed(told: Told) -> None:
    spans = told.of(TWO)
    [decode] = spans["rialto.decode"]
    assert decode.failed
    assert decode.attributes["error.type"] == "NotAPhoto"
    [request] = spans["POST /restore"]
    assert request.attributes["http.response.status_code"] == 415
    assert not request.failed  # the caller's mistake is none of the server's


def test_an_archive_photo_is_in_the_trace_of_the_request_that_brought_it(told: Told) -> None:
    spans = told.of(THREE)
    [request] = spans["PUT /jobs/{id}/photos/{name:path}"]
    [work] = spans["rialto.work"]
    assert (work.parent, work.kind) == (request.id, CONSUMER)
    assert {spans[f"rialto.{name}"][0].parent for name in ("decode", "infer", "pack")} == {work.id}


def test_who_asks_not_to_be_traced_is_not(told: Told) -> None:
    assert told.of("d" * 32) == {}


def test_log_lines_and_slow_buckets_name_the_trace(told: Told) -> None:
    [line] = [line for line in told.log if f'"request_id": "{ONE[:8]}"' in line]
    assert f'"trace_id": "{ONE}"' in line
    for name in ("rialto_http_request_duration_seconds", "rialto_restoration_stage_seconds"):
        found = re.findall(rf'^{name}_bucket.* # {{trace_id="([0-9a-f]+)"}}', told.metrics, re.M)
        assert set(found) & {ONE, THREE}, name
