"""Many photos through the running service: sent, restored, watched, fetched, killed in between."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import httpx2
import pytest

from tests.conftest import LiveService
from tests.journeys.archive_hands import (
    OUTPUT,
    content_digest,
    ended,
    events,
    opened,
    photos,
    put,
    result,
    scans,
)


@pytest.fixture
def client(live_service: LiveService) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=live_service.url, timeout=60) as made:
        yield made


def test_every_photo_ends_once_restored_or_failed_with_its_reason(client: httpx2.Client) -> None:
    sent = scans(6) | {"box 0/notes.jpg": b"not a photo", "box 1/empty.jpg": b""}
    job = opened(client, title="Attic")
    for name, data in sent.items():
        assert put(client, job, name, data).status_code == 201
    assert put(client, job, "box 0/scan 0000.jpg", sent["box 0/scan 0000.jpg"]).status_code == 200
    assert client.post(f"/jobs/{job}/close").json()["closed_at"]
    assert client.post(f"/jobs/{job}/close").status_code == 200
    document = ended(client, job)
    assert document["state"] == "finished"
    assert document["counts"]["restored"] == 6
    assert document["counts"]["failed"] == 2
    assert document["counts"]["total"] == 8
    records = photos(client, job)
    assert set(records) == set(sent)
    assert records["box 0/notes.jpg"]["failure"]["slug"] == "not-a-photo"
    assert records["box 1/empty.jpg"]["failure"]["slug"] == "empty-body"
    for name, record in records.items():
        for output in record["outputs"]:
            assert output["name"] == f"{name}.png"
            result(client, job, output)
    listed = client.get("/jobs", params={"limit": 1000}).json()["jobs"]
    assert job in {one["id"] for one in listed}
    kinds = [kind for kind, _ in events(client, job)]
    assert kinds.count("restored") == 6
    assert kinds.count("failed") == 2
    assert kinds.count("finished") == 1


def test_a_watcher_that_comes_back_misses_nothing_and_hears_nothing_twice(
    client: httpx2.Client,
) -> None:
    job = opened(client)
    for name, data in scans(4).items():
        put(client, job, name, data)
    client.post(f"/jobs/{job}/close")
    ended(client, job)
    told = [(kind, key) for kind, key in events(client, job) if kind != "progress"]
    half = told[len(told) // 2]
    again = [(kind, key) for kind, key in events(client, job, half[1]) if kind != "progress"]
    assert again == told[told.index(half) + 1 :]


def test_watching_ends_in_order_when_the_job_is_deleted(client: httpx2.Client) -> None:
    job = opened(client)
    watching = events(client, job)
    assert next(watching)[0] == "progress"
    assert client.delete(f"/jobs/{job}").status_code == 204
    assert all(kind in ("opened", "progress") for kind, _ in watching)  # and it is not cut off
    assert client.get(f"/jobs/{job}/events").status_code == 404


def test_a_result_has_ranges_and_a_tag_and_its_photo_lies_beside_it(client: httpx2.Client) -> None:
    (name, data), *_ = scans(1).items()
    job = opened(client)
    put(client, job, name, data)
    client.post(f"/jobs/{job}/close")
    ended(client, job)
    address = f"/jobs/{job}/results/{name}.png"
    whole = client.get(address)
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole.content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert client.get(address, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    beyond = client.get(address, headers={"Range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    assert client.get(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    head = client.head(address)
    assert int(head.headers["content-length"]) == len(whole.content)
    assert client.get(f"/jobs/{job}/inputs/{name}").content == data


def test_an_ended_job_is_a_valid_bag_with_a_record_of_every_photo(
    client: httpx2.Client, tmp_path: Path
) -> None:
    job = opened(client)
    for name, data in (scans(3) | {"broken.jpg": b"no"}).items():
        put(client, job, name, data)
    assert client.get(f"/jobs/{job}/bag").status_code == 409
    client.post(f"/jobs/{job}/close")
    ended(client, job)
    bag = client.get(f"/jobs/{job}/bag", params={"format": "tar"}).content
    with tarfile.open(fileobj=io.BytesIO(bag)) as tar:
        tar.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    bagit.Bag(str(folder)).validate()
    lines = (folder / "metadata/events.jsonl").read_text().splitlines()
    outcomes = sorted(json.loads(line)["outcome"] for line in lines)
    assert outcomes == ["failed", "restored", "restored", "restored"]
    plain = client.get(f"/jobs/{job}/results").content
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 3


def test_one_zip_is_a_job_and_what_cannot_be_taken_is_told(client: httpx2.Client) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in scans(3).items():
            archive.writestr(name, data)
        archive.writestr("../outside.jpg", b"x")
    job = opened(client)
    address = f"/jobs/{job}/archive"
    told = client.put(address, params={"format": "zip"}, content=file.getvalue()).json()
    assert (told["new"], told["skipped"]) == (3, 1)
    assert told["skipped_entries"][0]["slug"] == "bad-name"
    again = client.put(address, params={"format": "zip"}, content=file.getvalue()).json()
    assert (again["new"], again["same"]) == (0, 3)
    client.post(f"/jobs/{job}/close")
    assert ended(client, job)["counts"]["restored"] == 3


def test_several_outputs_of_a_photo_lie_in_folders_by_their_labels(client: httpx2.Client) -> None:
    outputs = [{**OUTPUT, "label": "web", "format": "webp"}, {**OUTPUT, "label": "keep"}]
    answer = client.post("/jobs", json={"outputs": outputs})
    job = answer.json()["id"]
    (name, data), *_ = scans(1).items()
    put(client, job, name, data)
    client.post(f"/jobs/{job}/close")
    ended(client, job)
    [record] = photos(client, job).values()
    assert [one["name"] for one in record["outputs"]] == [f"web/{name}.webp", f"keep/{name}.png"]
    for output in record["outputs"]:
        result(client, job, output)
    bad = client.post("/jobs", json={"outputs": [OUTPUT, OUTPUT]})
    assert bad.status_code == 422


def test_a_paused_job_stands_still_and_a_cancelled_one_ends(client: httpx2.Client) -> None:
    job = opened(client)
    assert client.post(f"/jobs/{job}/pause").json()["state"] == "paused"
    for name, data in scans(3).items():
        put(client, job, name, data)
    client.post(f"/jobs/{job}/close")
    assert client.get(f"/jobs/{job}").json()["counts"]["waiting"] == 3
    estimate = client.get(f"/jobs/{job}/estimate").json()
    assert estimate["megapixels"] == pytest.approx(3 * 64 * 64 / 1e6, abs=1e-3)
    assert client.post(f"/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/jobs/{job}").json()["counts"]["cancelled"] == 3
    assert client.post(f"/jobs/{job}/resume").status_code == 409
    assert client.delete(f"/jobs/{job}").status_code == 204
    assert client.get(f"/jobs/{job}").status_code == 404


REFUSED: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "unknown job": ("GET", "/jobs/0123abcd", {}, 404, "no-such-job"),
    "no outputs": ("POST", "/jobs", {"json": {"outputs": []}}, 422, "bad-parameter"),
    "unknown task": ("POST", "/jobs", {"json": {"outputs": [{"task": "x"}]}}, 404, "no-such-task"),
    "unknown field": (
        "POST",
        "/jobs",
        {"json": {"outputs": [{"task": "jpeg", "presett": "fast"}]}},
        422,
        "bad-parameter",
    ),
    "webhook to the cloud's own": (
        "POST",
        "/jobs",
        {"json": {"outputs": [OUTPUT], "webhook": "http://169.254.169.254/latest"}},
        422,
        "bad-webhook",
    ),
    "climbing name": ("PUT", "/jobs/JOB/photos/a/%2e%2e/%2e%2e/b.jpg", {}, 422, "bad-name"),
    "wrong checksum": (
        "PUT",
        "/jobs/JOB/photos/a.jpg",
        {"content": b"abc", "headers": {"Content-Digest": content_digest(b"abd")}},
        422,
        "wrong-checksum",
    ),
    "no checksum": (
        "PUT",
        "/jobs/JOB/photos/a.jpg",
        {"content": b"abc", "headers": {"Content-Digest": "md5=:eA==:"}},
        422,
        "bad-checksum",
    ),
    "truncated zip": (
        "PUT",
        "/jobs/JOB/archive?format=zip",
        {"content": b"PK\x03\x04oh no"},
        422,
        "truncated-archive",
    ),
    "bucket outside the list": (
        "POST",
        "/jobs/JOB/bucket?source=s3://secret/",
        {},
        403,
        "source-not-allowed",
    ),
    "no such photo": ("GET", "/jobs/JOB/photos/nowhere.jpg", {}, 404, "no-such-photo"),
    "no such result": ("GET", "/jobs/JOB/results/nowhere.png", {}, 404, "no-such-photo"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_and_the_job_lives(client: httpx2.Client, case: str) -> None:
    method, path, parts, status, slug = REFUSED[case]
    job = opened(client)
    answer = client.request(method, path.replace("JOB", job), **parts)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"
    (name, data), *_ = scans(1).items()
    assert put(client, job, name, data).status_code == 201


def test_what_was_taken_before_a_stream_broke_off_is_told(client: httpx2.Client) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in scans(20).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    whole = stream.getvalue()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        torn = tar.getmembers()[18]
    job = opened(client)
    part = whole[: torn.offset_data + 10]
    answer = client.put(f"/jobs/{job}/archive?format=tar", content=part)
    problem = answer.json()
    assert problem["type"] == "/problems/truncated-archive"
    assert problem["new"] == client.get(f"/jobs/{job}").json()["counts"]["total"] == 18


def test_a_job_that_would_need_masks_is_refused(client: httpx2.Client) -> None:
    answer = client.post("/jobs", json={"outputs": [{"task": "inpaint"}]})
    assert answer.json()["type"] == "/problems/task-takes-mask"


def test_a_name_is_taken_once_whatever_its_case(client: httpx2.Client) -> None:
    (_, one), (_, other), *_ = scans(2).items()
    job = opened(client)
    assert put(client, job, "Scan.jpg", one).status_code == 201
    for name in ("Scan.jpg", "scan.JPG", "scan.jpg.png"):
        answer = put(client, job, name, other)
        assert answer.status_code == 409, name
        assert answer.json()["type"] == "/problems/name-taken"
    client.post(f"/jobs/{job}/close")
    assert put(client, job, "late.jpg", other).status_code == 409


def test_the_same_key_opens_one_job(client: httpx2.Client) -> None:
    headers = {"Idempotency-Key": "attic-2026"}
    first = client.post("/jobs", json={"outputs": [OUTPUT]}, headers=headers).json()["id"]
    second = client.post("/jobs", json={"outputs": [OUTPUT]}, headers=headers).json()["id"]
    assert first == second
    other = client.post("/jobs", json={"outputs": [OUTPUT], "title": "x"}, headers=headers)
    assert other.status_code == 422
