"""A service that asks for keys: whoever has one gets what it is for, and nobody else's."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import httpx2
import pytest

from deploy.ports import free_ports
from rialto import Client
from rialto.client import PermissionDeniedError
from service.auth.caller import Limits, Scope
from service.auth.store import KeyStore
from service.valkey import open_redis
from tests.conftest import EXAMPLES, LiveService, environment_of, start_service
from tests.service.engine.conftest import tiny_repository

PHOTO = (EXAMPLES / "parrots-small.png").read_bytes()
JOB = {"outputs": [{"task": "test"}]}


class Guarded:
    """A running service that asks for keys, and the command that makes them."""

    def __init__(self, folder: Path) -> None:
        self.data = mkdtemp(prefix="data-", dir=folder)
        self.audit, self.log = folder / "audit.jsonl", folder / "service.log"
        [self.metrics_port] = free_ports(1)
        self.cache = folder
        self.settings = {
            "auth": "on",
            "data": self.data,
            "audit_log": str(self.audit),
            "metrics_port": str(self.metrics_port),
            "model_repo": str(tiny_repository(folder / "repo")),
        }
        self.service: LiveService = start_service(folder, **self.settings)

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "rialto.cli", "keys", *words],
            env=environment_of(self.cache, **self.settings),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def key(self, name: str, *scopes: Scope, **limits: int) -> str:
        """A new key, put where the command would put it."""

        async def make() -> str:
            async with open_redis(f"unix://{self.data}/valkey/valkey.sock") as redis:
                given = frozenset(scopes or ("restore", "jobs"))
                return (await KeyStore(redis).create(name, given, Limits(**limits), None))[1]

        with ThreadPoolExecutor(1) as aside:  # a browser's test has a loop running in this thread
            return aside.submit(lambda: asyncio.run(make())).result()

    def client(self, key: str = "") -> httpx2.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=self.service.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    guarded = Guarded(tmp_path_factory.mktemp("guarded"))
    yield guarded
    guarded.service.stop()


def test_without_a_key_only_the_page_and_the_probes_answer(guarded: Guarded) -> None:
    with guarded.client() as client:
        for path in ("/", "/archive", "/docs", "/openapi.json", "/healthz", "/readyz"):
            assert client.get(path).status_code == 200, path
        for path in ("/tasks", "/limits", "/jobs", "/metrics", "/restorations/x", "/nowhere"):
            refused = client.get(path)
            assert refused.status_code == 401, path
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["type"] == "/problems/key-needed"
        assert client.post("/restore?task=test", content=PHOTO).status_code == 401


def test_a_key_opens_what_its_scopes_name(guarded: Guarded) -> None:
    key = guarded.key("restorer", "restore")
    with guarded.client(key) as client:
        restored = client.post("/restore?task=test", content=PHOTO)
        assert restored.status_code == 200, restored.text
        assert restored.headers["ratelimit"].startswith('"requests";r=2999;t=60')
        assert client.get("/tasks").status_code == 200
        refused = client.get("/jobs")
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"].endswith('scope="jobs"')
        assert client.get("/metrics").status_code == 403


def test_prometheus_has_a_port_of_its_own_which_asks_for_no_key(guarded: Guarded) -> None:
    with guarded.client(guarded.key("counted", "restore", "metrics")) as client:
        assert client.post("/restore?task=test", content=PHOTO).status_code == 200
        assert client.post("/restore?task=no-such", content=PHOTO).status_code == 404
        told = client.get("/metrics").text
    aside = f"http://127.0.0.1:{guarded.metrics_port}/metrics"
    exposed = httpx2.get(aside, headers={"Accept": "application/openmetrics-text"}).text
    labels = 'route="/restore",status="200",task="test"'
    assert all(
        f'rialto_http_requests_total{{method="POST",{labels}}}' in text for text in (told, exposed)
    )
    assert "no-such" not in told
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "serve"],
        env=environment_of(guarded.cache, **guarded.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert f"port {guarded.metrics_port} for metrics" in done.stderr


def test_a_job_is_seen_by_its_owner_and_admins_and_by_nobody_else(guarded: Guarded) -> None:
    mine, theirs = (guarded.key(f"archive-{n}") for n in (1, 2))
    root = guarded.key("root", "admin")
    key = {"Idempotency-Key": "same"}
    with guarded.client(mine) as me, guarded.client(theirs) as they, guarded.client(root) as admin:
        job = me.post("/jobs", json=JOB, headers=key).json()
        assert job["owner"] == "archive-1"
        assert they.post("/jobs", json=JOB, headers=key).json()["id"] != job["id"]
        addresses = [f"/jobs/{job['id']}{part}" for part in ("", "/photos", "/results", "/bag")]
        never = they.get("/jobs/0123").json()
        for address in addresses:
            assert they.get(address).status_code == 404, address
        foreign = they.get(addresses[0]).json()
        assert (foreign["title"], foreign["detail"]) == (never["title"], never["detail"])
        put = they.put(f"/jobs/{job['id']}/photos/a.png", content=PHOTO)
        assert put.status_code == they.delete(addresses[0]).status_code == 404
        assert [one["id"] for one in me.get("/jobs").json()["jobs"]] == [job["id"]]
        assert job["id"] not in {one["id"] for one in they.get("/jobs").json()["jobs"]}
        assert job["id"] in {one["id"] for one in admin.get("/jobs").json()["jobs"]}
        assert me.get(addresses[0]).status_code == admin.get(addresses[0]).status_code == 200


def test_a_restoration_is_its_callers_and_to_others_there_is_none(guarded: Guarded) -> None:
    mine, theirs = (guarded.key(f"single-{n}", "restore") for n in (1, 2))
    root = guarded.key("single-root", "admin")
    with guarded.client(mine) as me, guarded.client(theirs) as they, guarded.client(root) as admin:
        later = {"Prefer": "respond-async"}
        place = me.post("/restore?task=test", content=PHOTO, headers=later).headers["location"]
        never = they.get("/restorations/never").json()
        for part in ("", "/events", "/consistency", "/invention"):
            refused = they.get(place + part)
            assert refused.status_code == 404, part
            told = refused.json()
            assert (told["title"], told["detail"]) == (never["title"], never["detail"])
        assert they.delete(place).status_code == 404
        assert "event: done" in me.get(f"{place}/events").text
        photo = me.get(place)
        assert photo.content[1:4] == b"PNG"
        assert they.get(place).status_code == they.delete(place).status_code == 404
        assert admin.get(place).content == photo.content
        assert me.delete(place).status_code == 204


def test_a_rotated_key_keeps_its_jobs_and_a_revoked_one_opens_nothing(guarded: Guarded) -> None:
    old = guarded.key("rotated")
    with guarded.client(old) as client:
        job = client.post("/jobs", json=JOB).json()["id"]
    new = guarded.command("rotate", "rotated")
    for key in (old, new):
        with guarded.client(key) as client:
            assert client.get(f"/jobs/{job}").status_code == 200
    guarded.command("revoke", old.split("_")[1])
    assert guarded.command("list").count("rotated") == 1
    with guarded.client(old) as client:
        assert client.get(f"/jobs/{job}").status_code == 401


def test_beyond_its_limits_a_key_is_told_when_to_come_again(guarded: Guarded) -> None:
    with guarded.client(guarded.key("busy", requests=3, seconds=600)) as client:
        answers = [client.get("/tasks") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        last = answers[-1]
        assert last.json()["type"] == "/problems/too-many-requests"
        assert last.json()["violated-policies"] == ["requests"]
        assert 590 <= int(last.headers["retry-after"]) <= 600
        assert last.headers["ratelimit-policy"].startswith('"requests";q=3;w=600')
        assert last.headers["ratelimit"].startswith('"requests";r=0;t=')


def test_no_more_requests_than_the_key_may_are_in_flight(guarded: Guarded) -> None:
    with guarded.client(guarded.key("narrow", in_flight=1)) as client:
        job = client.post("/jobs", json=JOB).json()["id"]
        with client.stream("GET", f"/jobs/{job}/events") as watching:
            assert watching.status_code == 200
            refused = client.get("/limits")
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["ratelimit"] == '"in-flight";r=0'
        answers = (client.get("/limits").status_code for _ in range(1000))
        assert next(status for status in answers if status != 429) == 200


def test_links_carry_the_key_as_a_cookie_for_reading_alone(guarded: Guarded) -> None:
    key = guarded.key("page")
    with guarded.client() as client:
        client.cookies.set("rialto-key", key)
        assert client.get("/jobs").status_code == 200
        assert client.post("/jobs", json=JOB).status_code == 401


def test_the_client_takes_its_key_from_the_environment(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_API_KEY", guarded.key("env", "restore"))
    with Client(guarded.service.url) as client:
        assert client.restore(PHOTO, task="test").seed == 0
        with pytest.raises(PermissionDeniedError):
            list(client.jobs.list())


def test_every_request_and_every_key_is_written_down_without_its_secret(guarded: Guarded) -> None:
    key = guarded.command("create", "seen")
    with guarded.client(key) as client:
        told = client.get("/jobs?limit=7", headers={"X-Request-Id": "audited"})
        assert client.get("/limits").status_code == 200  # by now the first one has been written
    assert told.status_code == 200
    text = guarded.audit.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    [line] = [line for line in lines if line.get("request_id") == "audited"]
    assert (line["who"], line["what"], line["outcome"]) == ("seen", "GET /jobs", "200")
    assert line["key"] == key.split("_")[1]
    assert line["client"] == "127.0.0.1"
    assert any(line["what"] == "keys create seen" for line in lines)
    assert key[20:] not in text


def test_log_lines_are_json_with_the_request_id_and_never_hold_a_key(guarded: Guarded) -> None:
    key, log = guarded.key("logged"), guarded.service.log
    with guarded.client(key) as client:
        client.get(f"/jobs/{key}?token={key}", headers={"X-Request-Id": "logged"})
        client.get("/jobs", headers={"Cookie": f"rialto-key={key}"})
        client.post("/restore?task=test", content=key.encode())
        answers = (client.get("/healthz", headers={"X-Request-Id": "last"}) for _ in range(10_000))
        assert any('"request_id": "last"' in "".join(log) for _ in answers)
    lines = [json.loads(line) for line in list(log)]
    [line] = [line for line in lines if line.get("request_id") == "logged"]
    assert (line["logger"], line["method"], line["status"]) == ("rialto.http", "GET", 404)
    assert line["seconds"] > 0
    assert any(line["logger"].startswith("uvicorn") for line in lines)
    assert not any(line["logger"] == "uvicorn.access" for line in lines)
    assert key[20:] not in "".join(log)


def test_a_service_reached_from_outside_does_not_start_undecided(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "serve", "--host", "0.0.0.0"],  # noqa: S104
        env=environment_of(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "RIALTO_AUTH=off-because-guarded-outside" in done.stderr
    assert "Traceback" not in done.stderr
