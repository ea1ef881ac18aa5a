"""Workers, gateway and Valkey killed at random while a job runs: every photo ends exactly once.

`make test-long`; CHAOS_PHOTOS sets how many photos (2,000 where nothing is said).
"""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.memory import family
from deploy.ports import free_ports
from service.archive.blobs import Blobs
from service.valkey import server_binary
from tests.conftest import ROOT, LiveService, environment_of, start_service
from tests.journeys.archive_hands import opened, photos, scans

KILLS = 20  # of each kind of process
PATIENCE_S = 1500


def stored(folder: Path) -> set[str]:
    """Keys of all blobs: what a killed writer left half-written is none, and goes with its job."""

    async def listed() -> set[str]:
        return {blob.key async for blob in Blobs.open(folder).list("jobs")}

    return asyncio.run(listed())


class Fleet:
    """Valkey, a gateway and two workers, each started again whenever it is killed."""

    def __init__(
        self, folder: Path, cache: Path, workers: int = 2, *, with_triton: bool = False
    ) -> None:
        self.folder, self.cache = folder, cache
        self.socket = folder / "valkey.sock"
        self.settings = {
            "redis_url": f"unix://{self.socket}",
            "data": str(folder / "data"),
            "lease_s": "3",
            "max_attempts": "100",  # here a delivery that ends in a kill is no fault of the photo
        }
        self.triton: subprocess.Popen[bytes] | None = None
        if with_triton:
            self.ports = free_ports(3)
            self.settings |= {"engine": "triton", "triton_url": f"127.0.0.1:{self.ports[0]}"}
            self.triton = self.start_triton()
        self.valkey = self.start_valkey()
        self.gateway = self.start_gateway("0")
        self.port = self.gateway.url.rpartition(":")[2]
        self.workers = [self.start_worker() for _ in range(workers)]

    def start_valkey(self) -> subprocess.Popen[bytes]:
        words = ["--port", "0", "--unixsocket", self.socket, "--appendonly", "yes", "--save", ""]
        return subprocess.Popen(
            [server_binary(), *words, "--dir", self.folder], stdout=subprocess.DEVNULL
        )

    def start_triton(self) -> subprocess.Popen[bytes]:
        """It supervises the server, which is what is killed."""
        ports = zip(("--grpc-port", "--metrics-port", "--http-port"), self.ports, strict=True)
        words = [str(word) for pair in ports for word in pair]
        with (self.folder / "triton.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "rialto.cli", "triton", "--threads", "1", *words],
                cwd=ROOT,
                stderr=log,
                stdout=subprocess.DEVNULL,
            )

    def start_gateway(self, port: str) -> LiveService:
        return start_service(self.cache, "gateway", port=port, **self.settings)

    def start_worker(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "rialto.cli", "worker", "--metrics-port", "0"],
            cwd=ROOT,
            env=environment_of(self.cache, threads="1", **self.settings),
            stderr=subprocess.DEVNULL,
        )

    def kill(self, what: str) -> None:
        if what == "valkey":
            self.valkey.kill()
            self.valkey.wait()
            self.valkey = self.start_valkey()
        elif what == "triton":
            for process in family(self.triton.pid)[1:] if self.triton else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        elif what == "gateway":
            self.gateway.process.kill()
            self.gateway.process.wait()
            self.gateway = self.start_gateway(self.port)
        else:
            victim = self.workers.pop(0)
            victim.kill()
            victim.wait()
            self.workers.append(self.start_worker())

    def stop(self) -> None:
        for process in (self.gateway.process, *self.workers):
            process.send_signal(signal.SIGTERM)
        for process in (self.gateway.process, *self.workers):
            process.wait(60)
        self.valkey.terminate()
        self.valkey.wait(60)
        if self.triton is not None:
            self.triton.terminate()
            self.triton.wait(60)


def asked(client: httpx2.Client, method: str, path: str, **parts: Any) -> httpx2.Response:
    """The answer, of as many tries as the chaos takes."""
    limit = time.monotonic() + 120
    while True:
        try:
            answer = client.request(method, path, **parts)
            if answer.status_code < 500:
                return answer
        except httpx2.TransportError:
            pass
        assert time.monotonic() < limit, f"{method} {path} has had no answer for two minutes"


@pytest.mark.long
@pytest.mark.parametrize("engine", ["local", "triton"])
def test_every_photo_ends_exactly_once_whatever_is_killed(
    tmp_path: Path, cache: Path, engine: str
) -> None:
    sent = scans(int(os.environ.get("CHAOS_PHOTOS", "2000")), side=48)
    fleet = Fleet(tmp_path, cache, with_triton=engine == "triton")
    chance = random.Random(7)  # noqa: S311 -- chooses victims
    kinds = ["worker", "gateway", "valkey"] + ["triton"] * (engine == "triton")
    deck = [what for what in kinds for _ in range(KILLS)]
    chance.shuffle(deck)
    url = fleet.gateway.url
    try:
        with httpx2.Client(base_url=url, timeout=30) as client:
            job = opened(client)
            every = max(len(sent) // (len(deck) // 2), 1)
            for number, (name, data) in enumerate(sent.items()):
                if number % every == every - 1 and deck:
                    fleet.kill(deck.pop())
                answer = asked(client, "PUT", f"/jobs/{job}/photos/{name}", content=data)
                assert answer.status_code in (200, 201), answer.text
            asked(client, "POST", f"/jobs/{job}/close")
            limit = time.monotonic() + PATIENCE_S
            while True:
                document = asked(client, "GET", f"/jobs/{job}").json()
                if document["ended_at"] is not None and not deck:
                    break
                if deck:
                    fleet.kill(deck.pop())
                assert time.monotonic() < limit, document["counts"]
            counts = document["counts"]
            assert counts["restored"] == counts["total"] == len(sent)
            records = photos(client, job)
            assert set(records) == set(sent)
            named = set()
            for name, record in records.items():
                [output] = record["outputs"]
                blob = tmp_path / "data/blobs" / output["key"]
                assert hashlib.sha256(blob.read_bytes()).hexdigest() == output["sha256"]
                assert record["input"]["sha256"] == hashlib.sha256(sent[name]).hexdigest()
                named |= {output["key"], record["input"]["key"]}
            # the same photo restored twice has the same content and key
            assert stored(tmp_path / "data/blobs") == named
    finally:
        fleet.stop()


def test_a_worker_that_is_killed_is_outlived_by_another(tmp_path: Path, cache: Path) -> None:
    sent = scans(40, side=96)
    fleet = Fleet(tmp_path, cache)
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=30) as client:
            job = opened(client)
            for name, data in sent.items():
                assert client.put(f"/jobs/{job}/photos/{name}", content=data).status_code == 201
            client.post(f"/jobs/{job}/close")
            while client.get(f"/jobs/{job}").json()["counts"]["restored"] < 5:
                pass
            victim = fleet.workers.pop(0)
            victim.kill()
            victim.wait()
            limit = time.monotonic() + 120
            while (document := client.get(f"/jobs/{job}").json())["ended_at"] is None:
                assert time.monotonic() < limit, document["counts"]
            assert document["counts"]["restored"] == len(sent)
            assert set(photos(client, job)) == set(sent)
    finally:
        fleet.stop()


@pytest.mark.parametrize("edge", ["claimed", "restored", "written", "recorded"])
def test_a_worker_killed_at_an_edge_of_a_photos_life_leaves_it_to_the_next(
    tmp_path: Path, cache: Path, edge: str
) -> None:
    sent = scans(3)
    fleet = Fleet(tmp_path, cache, workers=0)
    try:
        with httpx2.Client(base_url=fleet.gateway.url, timeout=30) as client:
            job = opened(client)
            for name, data in sent.items():
                assert client.put(f"/jobs/{job}/photos/{name}", content=data).status_code == 201
            client.post(f"/jobs/{job}/close")
            victim = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("edge_worker.py"), edge],
                cwd=ROOT,
                env=environment_of(cache, **fleet.settings) | {"PYTHONPATH": str(ROOT)},
                stderr=subprocess.DEVNULL,
            )
            assert victim.wait(60) == -signal.SIGKILL
            fleet.workers.append(fleet.start_worker())
            limit = time.monotonic() + 60
            while (document := client.get(f"/jobs/{job}").json())["ended_at"] is None:
                assert time.monotonic() < limit, document["counts"]
            assert document["counts"]["restored"] == len(sent)
            named = set()
            for record in photos(client, job).values():
                [output] = record["outputs"]
                named |= {output["key"], record["input"]["key"]}
            assert stored(tmp_path / "data/blobs") == named
    finally:
        fleet.stop()
