"""A job's last steps and worst days: its bag in a bucket, its webhook, S3 and the network away."""

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, repeat
from pathlib import Path
from queue import Queue
from typing import Any
from unittest.mock import patch

import bagit
import httpx2
import pytest
from standardwebhooks import Webhook

from deploy.ports import free_ports
from service.archive.blobs import Blobs
from tests.azurite import Azurite
from tests.conftest import start_service
from tests.journeys.archive_hands import ended, events, opened, photos, put, result, scans, served
from tests.journeys.test_archive_chaos import Fleet
from tests.weed import PARTS, Weed, access

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Endpoint(BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses the first time, as an endpoint that is being restarted."""

    received: Queue[tuple[dict[str, str], bytes]]
    answers: Iterator[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(next(self.answers))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
        pass


@pytest.fixture
def endpoint() -> Iterator[HTTPServer]:
    Endpoint.received, Endpoint.answers = Queue(), chain([503], repeat(204))
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_end_of_a_job_is_a_bag_where_it_asked_and_a_signed_message(
    cache: Path, tmp_path: Path, endpoint: HTTPServer
) -> None:
    target = tmp_path / "bags"
    settings = {
        "archive_targets": f"file://{target}",
        "webhook_secrets": SECRET,
        "webhook_hosts": f"127.0.0.1:{endpoint.server_port}",
    }
    hook = f"http://127.0.0.1:{endpoint.server_port}/ended"
    with served(cache, **settings) as (_, client):
        job = opened(client, target=f"file://{target}/attic", webhook=hook)
        for name, data in (scans(3) | {"broken.jpg": b"no"}).items():
            put(client, job, name, data)
        client.post(f"/jobs/{job}/close")
        ended(client, job)
        first, second = (Endpoint.received.get(timeout=60) for _ in range(2))
        assert first[0]["webhook-id"] == second[0]["webhook-id"]
        told = Webhook(SECRET).verify(second[1], second[0])
        assert told["type"] == "job.finished"
        assert told["data"]["counts"]["restored"] == 3
        bagit.Bag(str(target / f"attic/{job}-bag")).validate()
        lines = (target / f"attic/{job}-bag/metadata/events.jsonl").read_text().splitlines()
        assert sorted(json.loads(line)["outcome"] for line in lines)[0] == "failed"
        elsewhere = {"outputs": [{"task": "jpeg"}], "target": f"file://{tmp_path}/secret"}
        assert client.post("/jobs", json=elsewhere).status_code == 403
        limit = time.monotonic() + 30
        while True:
            [delivery] = client.get(f"/jobs/{job}/webhooks").json()["deliveries"]
            if delivery["state"] == "delivered":
                break
            assert time.monotonic() < limit, delivery


def test_a_job_from_a_folder_of_the_operators_leaves_the_originals_alone(
    cache: Path, tmp_path: Path
) -> None:
    for name, data in scans(4).items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(data)
    source = f"file://{tmp_path}/scans"
    with served(cache, archive_sources=source) as (_, client):
        job = opened(client)
        told = client.post(f"/jobs/{job}/bucket", params={"source": source}).json()
        assert told["new"] == 4
        rows = "name,key\nagain.jpg,box 0/scan 0000.jpg\nlost.jpg,box 0/nowhere.jpg\n"
        params = {"source": source, "format": "csv"}
        told = client.post(f"/jobs/{job}/manifest", params=params, content=rows.encode()).json()
        assert told["new"] == 2
        client.post(f"/jobs/{job}/close")
        counts = ended(client, job)["counts"]
        assert (counts["restored"], counts["failed"]) == (5, 1)
        assert photos(client, job)["lost.jpg"]["failure"]["slug"] == "no-such-blob"
        assert client.delete(f"/jobs/{job}").status_code == 204
    assert {name: (tmp_path / "scans" / name).read_bytes() for name in scans(4)} == scans(4)


def fetched_and_linked(client: httpx2.Client, job: str, name: str) -> None:
    """Every result of a job whole, and that of photo `name` by a link into the storage too."""
    for record in photos(client, job).values():
        result(client, job, record["outputs"][0])
    link = client.get(f"/jobs/{job}/results/{name}.png", params={"link": "true"})
    assert link.status_code == 303
    assert httpx2.get(link.headers["location"]).status_code == 200


def test_s3_may_die_in_mid_job_and_come_back(cache: Path, tmp_path: Path) -> None:
    sent = scans(30, side=96)
    weed = Weed(tmp_path, free_ports(2 * len(PARTS)))
    weed.start()
    try:
        with (
            patch.dict(os.environ, access(weed.endpoint)),  # the store's keys; no part is mocked
            served(cache, blobs="s3://photos/rialto") as (_, client),
        ):
            job = opened(client)
            for name, data in sent.items():
                assert put(client, job, name, data).status_code == 201
            client.post(f"/jobs/{job}/close")
            while client.get(f"/jobs/{job}").json()["counts"]["restored"] < 3:
                pass
            weed.kill()
            weed.start()
            assert ended(client, job)["counts"]["restored"] == len(sent)
            fetched_and_linked(client, job, next(iter(sent)))
    finally:
        weed.kill()


@pytest.mark.long
def test_a_job_lives_in_azures_storage(cache: Path, tmp_path: Path) -> None:
    sent = scans(6)
    azurite = Azurite(tmp_path, free_ports(1)[0])
    azurite.start()
    settings = {"blobs": "az://photos/rialto", "archive_targets": "az://photos/bags"}
    try:
        with (
            patch.dict(os.environ, azurite.access()),  # the store's keys; no part is mocked
            served(cache, **settings) as (_, client),
        ):
            job = opened(client, target="az://photos/bags/attic")
            for name, data in sent.items():
                assert put(client, job, name, data).status_code == 201
            client.post(f"/jobs/{job}/close")
            assert ended(client, job)["counts"]["restored"] == len(sent)
            fetched_and_linked(client, job, next(iter(sent)))
            bag = Blobs.open(f"az://photos/bags/attic/{job}-bag")
            limit = time.monotonic() + 60
            while "tagmanifest-sha512.txt" not in (found := asyncio.run(keys(bag))):
                assert time.monotonic() < limit, found
            assert {f"data/{one}.png" for one in sent} <= found
            assert client.delete(f"/jobs/{job}").status_code == 204
            assert asyncio.run(keys(Blobs.open("az://photos/rialto/jobs"))) == set()
    finally:
        azurite.kill()


async def keys(blobs: Blobs) -> set[str]:
    return {blob.key async for blob in blobs.list()}


class Proxy:
    """A TCP way to a Unix socket that can be cut: what is sent then disappears, both ways."""

    def __init__(self, target: Path) -> None:
        self.target, self.cut = target, threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self.target))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with one, other:
            try:
                while data := one.recv(65536):
                    if not self.cut.is_set():
                        other.sendall(data)
            except OSError:
                return


def test_a_worker_cut_off_from_the_queue_is_outlived_and_does_no_harm(
    cache: Path, tmp_path: Path
) -> None:
    sent = scans(60, side=96)
    fleet = Fleet(tmp_path, cache)
    proxy = Proxy(fleet.socket)
    victim = fleet.workers.pop(0)
    victim.terminate()
    victim.wait(60)
    fleet.settings["redis_url"] = proxy.url
    fleet.workers.insert(0, fleet.start_worker())
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=60) as client:
            job = opened(client)
            for name, data in sent.items():
                assert put(client, job, name, data).status_code == 201
            client.post(f"/jobs/{job}/close")
            while client.get(f"/jobs/{job}").json()["counts"]["restored"] < 8:
                pass
            proxy.cut.set()
            assert ended(client, job)["counts"]["restored"] == len(sent)
            proxy.cut.clear()
            records = photos(client, job)
            assert set(records) == set(sent)
            for record in records.values():
                result(client, job, record["outputs"][0])
            assert client.get(f"/jobs/{job}").json()["counts"]["restored"] == len(sent)
    finally:
        proxy.server.close()
        fleet.stop()


def test_a_killed_service_goes_on_where_it_stood(cache: Path, tmp_path: Path) -> None:
    """SIGKILL in mid-job takes gateway, worker, Valkey and decoders at once."""
    sent = scans(24, side=128)
    settings = {"data": str(tmp_path), "lease_s": "2"}
    service = start_service(cache, **settings)
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        job = opened(client)
        for name, data in sent.items():
            assert put(client, job, name, data).status_code == 201
        client.post(f"/jobs/{job}/close")
        done = 0
        for kind, _ in events(client, job):
            done += kind == "restored"
            if done == 5:
                break
    service.process.kill()
    service.process.wait()
    service = start_service(cache, **settings)
    try:
        with httpx2.Client(base_url=service.url, timeout=60) as client:
            document = ended(client, job)
            assert document["counts"]["restored"] == len(sent)
            records = photos(client, job)
            assert set(records) == set(sent)
            for record in records.values():
                [output] = record["outputs"]
                result(client, job, output)
    finally:
        service.stop()
