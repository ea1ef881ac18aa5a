import asyncio
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.archive.blobs import Blobs, NoSuchBlob
from service.archive.bundle import BrokenBundle, bag, event_record
from service.archive.names import bag_name
from service.archive.records import (
    Failure,
    InputBlob,
    Job,
    JobCounts,
    JobSpec,
    OutputBlob,
    OutputSpec,
    PhotoRecord,
)

ENDED_AT = 1_795_517_425.75  # 2026-11-24 10:50:25.75 UTC
KINDS: list[Literal["zip", "tar"]] = ["zip", "tar"]
JOB = Job(
    id="01k9zq",
    state="finished",
    spec=JobSpec(outputs=(OutputSpec(task="jpeg"),), title="Großmutters\nAlbum"),
    counts=JobCounts(total=6),
    created_at=ENDED_AT - 60,
    ended_at=ENDED_AT,
)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(tmp_path / "blobs")


async def restored(blobs: Blobs, name: str, *results: tuple[str, bytes]) -> PhotoRecord:
    """A photo whose results lie in storage, under the names given."""
    outputs = []
    for output_name, data in results:
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"jobs/{JOB.id}/out/{sha256}"
        await blobs.put(key, data)
        outputs.append(
            OutputBlob(
                name=output_name,
                key=key,
                bytes=len(data),
                sha256=sha256,
                sha512=hashlib.sha512(data).hexdigest(),
                content_type="image/png",
                width=1,
                height=1,
                task="jpeg",
                network="jpeg@0123456789ab",
                plan="dbim;steps=1;grid=quadratic;eta=1",
                seed=0,
                seconds=0.1,
            )
        )
    return PhotoRecord(
        name=name, state="restored", input=INPUT, outputs=tuple(outputs), ended_at=ENDED_AT - 1
    )


INPUT = InputBlob(key="jobs/01k9zq/in/aa", bytes=7, sha256="aa")
FAILED = PhotoRecord(
    name="notes.txt",
    state="failed",
    input=INPUT,
    failure=Failure(slug="not-a-photo", detail="No image format was recognised."),
    ended_at=ENDED_AT - 2,
)
CANCELLED = PhotoRecord(name="late.jpg", state="cancelled", input=INPUT)


async def walk(photos: Sequence[PhotoRecord]) -> AsyncIterator[PhotoRecord]:
    for photo in photos:
        yield photo


async def bagged(
    photos: Sequence[PhotoRecord], blobs: Blobs, kind: Literal["zip", "tar"], job: Job = JOB
) -> bytes:
    return b"".join([piece async for piece in bag(job, walk(photos), blobs, kind)])


def unpack(data: bytes, kind: Literal["zip", "tar"], folder: Path) -> Path:
    """Everything in a bundle, as its own command unpacks it; returns the bag's folder."""
    folder.mkdir()
    (folder / f"bag.{kind}").write_bytes(data)
    command = ["unzip", "-qq"] if kind == "zip" else ["tar", "-xf"]
    subprocess.run([*command, f"bag.{kind}"], cwd=folder, check=True)
    (folder / f"bag.{kind}").unlink()
    [unpacked] = folder.iterdir()
    return unpacked


def validate(folder: Path) -> None:
    command = [sys.executable, "-m", "bagit", "--validate", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    bagit.Bag(str(folder)).validate()


async def album(blobs: Blobs) -> list[PhotoRecord]:
    return [
        await restored(
            blobs,
            "1950/a.jpg",
            ("x4/1950/a.jpg.png", bytes(3_000_000)),
            ("x2/1950/a.jpg.png", b"2"),
        ),
        FAILED,
        await restored(blobs, "été 写真.jpg", ("été 写真.jpg.png", b"summer")),
        await restored(blobs, "twin.jpg", ("twin.jpg.png", b"summer")),
        await restored(blobs, "long.jpg", ("folder/" * 30 + "l" * 200 + ".png", b"long")),
        CANCELLED,
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bag_is_valid_under_bagit_python(
    blobs: Blobs, tmp_path: Path, kind: Literal["zip", "tar"]
) -> None:
    photos = await album(blobs)
    folder = await asyncio.to_thread(
        unpack, await bagged(photos, blobs, kind), kind, tmp_path / "out"
    )
    assert folder.name == f"{JOB.id}-bag"
    await asyncio.to_thread(validate, folder)
    files = {str(path.relative_to(folder / "data")) for path in folder.rglob("data/**/*.png")}
    assert files == {output.name for photo in photos for output in photo.outputs}
    assert (folder / "data/été 写真.jpg.png").read_bytes() == b"summer"
    assert (folder / "data/twin.jpg.png").stat().st_mtime == int(ENDED_AT - 1)


async def test_every_photo_has_one_event_and_failed_ones_their_reason(
    blobs: Blobs, tmp_path: Path
) -> None:
    photos = await album(blobs)
    folder = unpack(await bagged(photos, blobs, "tar"), "tar", tmp_path / "out")
    lines = (folder / "metadata/events.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [event_record(photo, JOB) for photo in photos]
    assert "notes.txt" not in {path.name for path in folder.rglob("data/**/*")}


async def test_bag_info_tells_the_job_its_end_and_what_is_inside(
    blobs: Blobs, tmp_path: Path
) -> None:
    folder = unpack(await bagged(await album(blobs), blobs, "zip"), "zip", tmp_path / "out")
    assert (folder / "bag-info.txt").read_text("utf-8") == (
        f"Bag-Software-Agent: Rialto {version('rialto')}\n"
        "Bagging-Date: 2026-11-24\n"
        "External-Identifier: 01k9zq\n"
        "External-Description: Großmutters Album\n"
        f"Payload-Oxum: {3_000_000 + 1 + 6 + 6 + 4}.5\n"
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_with_nothing_restored_makes_a_valid_bag(
    blobs: Blobs, tmp_path: Path, kind: Literal["zip", "tar"]
) -> None:
    data = await bagged([FAILED, CANCELLED], blobs, kind)
    folder = await asyncio.to_thread(unpack, data, kind, tmp_path / "out")
    await asyncio.to_thread(validate, folder)
    assert "Payload-Oxum: 0.0\n" in (folder / "bag-info.txt").read_text()


async def test_a_percent_sign_is_read_alike_by_bagit_python_and_the_rfc(
    blobs: Blobs, tmp_path: Path
) -> None:
    names = ["100%.png", "%25.png", "box%/a%0Ab.png", "50% off/100%25.png"]
    photos = [await restored(blobs, "a", (name, name.encode())) for name in names]
    data = await bagged(photos, blobs, "tar")
    folder = await asyncio.to_thread(unpack, data, "tar", tmp_path / "out")
    await asyncio.to_thread(validate, folder)
    listed = listed_in((folder / "manifest-sha512.txt").read_bytes())
    assert set(listed) == {f"data/{name.replace('%', '％')}" for name in names}
    assert listed == digests({path: (folder / path).read_bytes() for path in listed})
    lines = (folder / "metadata/events.jsonl").read_text("utf-8").splitlines()
    told = {one["name"]: one["path"] for line in lines for one in json.loads(line)["outputs"]}
    assert {name: (folder / path).read_text() for name, path in told.items()} == {
        name: name for name in names
    }


PARTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=80
) | st.sampled_from(["100%.png", "%0A", "%250d", "a\rb", "a\r\nb", "a\nb.png", " "])


@settings(max_examples=30)
@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), max_size=4, unique_by=bag_name)
)
async def test_manifests_name_every_file_as_the_rfc_has_it(names: list[str]) -> None:
    with TemporaryDirectory() as folder:
        blobs = Blobs.open(folder)
        photos = [await restored(blobs, "a", (name, name.encode())) for name in sorted(names)]
        data = await bagged(photos, blobs, "tar")
    files = members_of(data)
    payload = {name: data for name, data in files.items() if name.startswith("data/")}
    assert payload == {f"data/{bag_name(name)}": name.encode() for name in names}
    assert listed_in(files["manifest-sha512.txt"]) == digests(payload)
    tags = {name: data for name, data in files.items() if name not in payload}
    del tags["tagmanifest-sha512.txt"]
    assert set(tags) == {
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha512.txt",
        "metadata/events.jsonl",
    }
    assert listed_in(files["tagmanifest-sha512.txt"]) == digests(tags)


def listed_in(manifest: bytes) -> dict[str, str]:
    """A manifest's paths to their checksums, read as section 2.1.3 says and in no other way."""
    found = {}
    for line in manifest.decode().split("\n")[:-1]:
        assert "\r" not in line
        digest, _, path = line.partition("  ")
        found[path.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")] = digest
    return found


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha512(data).hexdigest() for name, data in files.items()}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_bag_depends_on_the_job_and_on_no_clock(
    blobs: Blobs, kind: Literal["zip", "tar"], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = await album(blobs)
    first = await bagged(photos, blobs, kind)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert await bagged(photos, blobs, kind) == first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("damage", "error"),
    [("gone", NoSuchBlob), ("other bytes", BrokenBundle), ("cut", BrokenBundle)],
)
async def test_a_blob_that_is_not_what_was_recorded_makes_no_bag(
    blobs: Blobs,
    kind: Literal["zip", "tar"],
    damage: str,
    error: type[Exception],
) -> None:
    photos = [
        await restored(blobs, "a.jpg", ("a.png", bytes(400_000))),
        await restored(blobs, "b.jpg", ("b.png", b"b" * 400_000)),
    ]
    key = photos[1].outputs[0].key
    if damage == "gone":
        await blobs.delete([key])
    else:
        await blobs.put(key, b"x" * (400_000 if damage == "other bytes" else 399_999))
    sent = io.BytesIO()
    with pytest.raises(error):
        await send(bag(JOB, walk(photos), blobs, kind), sent)
    if kind == "zip":
        assert not zipfile.is_zipfile(sent)
    elif sent.tell():
        with pytest.raises(tarfile.ReadError):
            members_of(sent.getvalue())


async def send(stream: AsyncIterator[bytes], to: io.BytesIO) -> None:
    async for piece in stream:
        to.write(piece)


def members_of(data: bytes) -> dict[str, bytes]:
    """The files of a tar whose bag is the folder that they are in."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return {
            member.name.removeprefix(f"{JOB.id}-bag/"): archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
            if member.isfile()
        }


async def test_a_bag_of_a_running_job_is_a_value_error(blobs: Blobs) -> None:
    with pytest.raises(ValueError, match="01k9zq has not ended"):
        bag(JOB.model_copy(update={"ended_at": None}), walk([]), blobs, "zip")
