"""Archives and manifests that no tidy mind made: each is told what is wrong, and the job lives."""

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.journeys.archive_hands import ended, opened, photos, put, scans, served
from tests.service.archive.intake.packing import member, tar_of, tar_with, zip_of

PHOTO = next(iter(scans(1).values()))
MIB = 2**20
ENTRIES = 10_000  # that a stream may have here


@pytest.fixture(scope="module")
def client(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    source = tmp_path_factory.mktemp("scans")
    settings = {"max_body_bytes": str(MIB), "archive_max_photos": str(ENTRIES)}
    with served(cache, archive_sources=f"file://{source}", **settings) as (_, client):
        yield client


def encrypted(data: bytes) -> bytes:
    """A zip whose local and central headers say that its entries are behind a password."""
    made = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = made.find(signature)
        while start >= 0:
            made[start + at] |= 1
            start = made.find(signature, start + 4)
    return bytes(made)


def a_million_entries() -> Iterator[bytes]:
    """A zip of 10^6 empty files, as it is sent."""
    head = struct.Struct("<IHHHHHIIIHH")
    for number in range(0, 10**6, 1000):
        yield b"".join(
            head.pack(0x04034B50, 20, 0, 0, 0, 0, 0, 0, 0, 11, 0) + b"%07d.jpg" % (number + at)
            for at in range(1000)
        )


# name: kind, what is sent, the slug it ends with, slugs of what is skipped, and the photos taken
STREAMS: dict[str, tuple[str, bytes, str, set[str], int]] = {
    "names that leave the folder": (
        "zip",
        zip_of([(name, PHOTO) for name in ("../a.jpg", "/etc/b.jpg", "C:/c.jpg", "aux.jpg", "ok")]),
        "",
        {"bad-name"},
        1,
    ),
    "links and devices": (
        "tar",
        tar_with(
            [
                member("link.jpg", kind=tarfile.SYMTYPE),
                member("hard.jpg", kind=tarfile.LNKTYPE),
                member("device.jpg", kind=tarfile.CHRTYPE),
                member("ok.jpg", len(PHOTO)),
            ],
            {"ok.jpg": PHOTO},
        ),
        "",
        {"not-a-file"},
        1,
    ),
    "names alike by case and Unicode form": (
        "zip",
        zip_of([("é.jpg", PHOTO), ("e\u0301.jpg", b"1"), ("É.JPG", b"2"), ("a.jpg", PHOTO)]),
        "",
        {"duplicate-name", "name-taken"},
        2,
    ),
    "a photo called as a folder": (
        "tar",
        tar_of([("1920/scan.jpg", PHOTO), ("1920.png", PHOTO), ("1920.png/x.jpg", PHOTO)]),
        "",
        {"name-taken"},
        2,
    ),
    "nested, empty, system's own": (
        "zip",
        zip_of([("in.zip", zip_of([("a", b"b")])), ("0.jpg", b""), ("Thumbs.db", b"x")]),
        "",
        {"nested-archive", "empty-file", "system-file"},
        0,
    ),
    "encrypted": ("zip", encrypted(zip_of([("a.jpg", PHOTO)])), "", {"encrypted-entry"}, 0),
    "too large": (
        "tar",
        tar_of([("large.tif", bytes(MIB + 1)), ("ok.jpg", PHOTO)]),
        "",
        {"entry-too-large"},
        1,
    ),
    "bomb": (
        "zip",
        zip_of([("ok.jpg", PHOTO), ("bomb.tif", bytes(128 * MIB))], streamed=True),
        "archive-bomb",
        set(),
        1,
    ),
    "packed bomb": (
        "tar",
        tar_of([("ok.jpg", PHOTO), ("bomb.tif", bytes(256 * MIB))], "w:gz"),
        "archive-bomb",
        set(),
        1,
    ),
    "truncated": (
        "tar",
        tar_of([("ok.jpg", PHOTO), ("torn.jpg", PHOTO)])[: 1024 + len(PHOTO)],
        "truncated-archive",
        set(),
        1,
    ),
    "no archive": ("zip", PHOTO, "not-an-archive", set(), 0),
    "empty": ("tar", b"", "not-an-archive", set(), 0),
}


@pytest.mark.parametrize("case", STREAMS)
def test_a_stream_is_taken_as_far_as_it_can_be(client: httpx2.Client, case: str) -> None:
    kind, body, slug, skipped, taken = STREAMS[case]
    job = opened(client)
    answer = client.put(f"/jobs/{job}/archive", params={"format": kind}, content=body)
    told = answer.json()
    assert told.get("type", "") == (f"/problems/{slug}" if slug else ""), told
    assert {one["slug"] for one in told["skipped_entries"]} == skipped
    assert all(
        len(one["detail"]) > 20 for one in [*told["skipped_entries"], told] if "detail" in one
    )
    assert told["new"] == taken == client.get(f"/jobs/{job}").json()["counts"]["total"]
    lives(client, job, taken)


def lives(client: httpx2.Client, job: str, taken: int) -> None:
    """The job takes another photo, and ends."""
    assert put(client, job, "another.jpg", PHOTO).status_code == 201
    client.post(f"/jobs/{job}/close")
    counts = ended(client, job)["counts"]
    assert counts["restored"] == counts["total"] == taken + 1


def test_a_million_entries_end_at_the_limit(client: httpx2.Client) -> None:
    job = opened(client)
    params = {"format": "zip"}
    answer = client.put(f"/jobs/{job}/archive", params=params, content=a_million_entries())
    told = answer.json()
    assert (answer.status_code, told["type"]) == (413, "/problems/too-many-entries")
    assert str(ENTRIES) in told["detail"]
    assert (told["new"], told["skipped"], len(told["skipped_entries"])) == (0, ENTRIES, 1000)
    lives(client, job, 0)


def test_a_manifest_beyond_the_limit_is_taken_up_to_it(client: httpx2.Client) -> None:
    job = opened(client)
    client.post(f"/jobs/{job}/pause")
    source = allowed(client)
    rows = "".join(f"{number}.jpg,{number}.jpg\n" for number in range(ENTRIES + 5))
    params = {"source": source, "format": "csv"}
    answer = client.post(
        f"/jobs/{job}/manifest", params=params, content=f"name,key\n{rows}".encode()
    )
    told = answer.json()
    assert told["type"] == "/problems/too-many-entries"
    assert told["new"] == ENTRIES == client.get(f"/jobs/{job}").json()["counts"]["total"]


def test_bad_lines_of_a_manifest_are_told_by_their_numbers(client: httpx2.Client) -> None:
    job = opened(client)
    lines = [
        {"name": "../up.jpg", "key": "a.jpg"},
        {"name": "a.jpg", "key": "../../etc/passwd"},
        {"name": "b.jpg", "key": "b.jpg", "sha256": "short"},
        {"name": "gone.jpg", "key": "gone.jpg"},
        {"name": "gone.jpg", "key": "twice.jpg"},
    ]
    params = {"source": allowed(client), "format": "jsonl"}
    body = "\n".join(map(json.dumps, lines)).encode()
    told = client.post(f"/jobs/{job}/manifest", params=params, content=body).json()
    slugs = {one["name"]: one["slug"] for one in told["skipped_entries"]}
    assert slugs == {
        "line 1": "bad-name",
        "line 2": "bad-line",
        "line 3": "bad-line",
        "line 5": "duplicate-name",
    }
    assert put(client, job, "another.jpg", PHOTO).status_code == 201
    client.post(f"/jobs/{job}/close")
    counts = ended(client, job)["counts"]
    assert (counts["restored"], counts["failed"]) == (1, 1)
    assert photos(client, job)["gone.jpg"]["failure"]["slug"] == "no-such-blob"


def allowed(client: httpx2.Client) -> str:
    """The source that this service allows, as its refusal of another tells it."""
    refusal = client.post(f"/jobs/{opened(client)}/bucket", params={"source": "s3://secret"}).json()
    assert refusal["type"] == "/problems/source-not-allowed"
    found: str = refusal["detail"].rpartition("below an allowed one: ")[2].rstrip(".")
    return found.rstrip("/")


def test_photos_that_are_none_in_the_middle_fail_with_their_reason(client: httpx2.Client) -> None:
    job = opened(client)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in scans(4).items():
            archive.writestr(name, data)
            archive.writestr(f"{name}.txt", b"what was written on its back")
    told = client.put(f"/jobs/{job}/archive?format=zip", content=file.getvalue()).json()
    assert told["new"] == 8
    client.post(f"/jobs/{job}/close")
    counts = ended(client, job)["counts"]
    assert (counts["restored"], counts["failed"]) == (4, 4)
    failed = [one for one in photos(client, job).values() if one["state"] == "failed"]
    assert {one["failure"]["slug"] for one in failed} == {"not-a-photo"}
