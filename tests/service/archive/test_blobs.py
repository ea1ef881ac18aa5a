import asyncio
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.archive.blobs import CHUNK, PART, BadKey, BlobRefused, Blobs, BlobsAway, NoSuchBlob

PATTERN = bytes(range(256)) * (3 * CHUNK // 256) + b"the last chunk is a short one"

PUTTER = """
import asyncio, sys
from service.archive.blobs import Blobs

async def put_for_ever():
    blobs = Blobs.open(sys.argv[1])
    for number in range(10**9):
        await blobs.put(f"jobs/a/{number % 3}", bytes([number % 256]) * 12_000_000)
        print(number, flush=True)

asyncio.run(put_for_ever())
"""


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(tmp_path / "blobs")


async def joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def keys_of(blobs: Blobs, prefix: str = "") -> set[str]:
    return {blob.key async for blob in blobs.list(prefix)}


@pytest.mark.parametrize(
    "data", [b"", b"a photo", bytearray(b"a photo"), memoryview(b"a photo")[2:], bytes(PART + 1)]
)
async def test_what_was_put_is_got(blobs: Blobs, data: bytes | bytearray | memoryview) -> None:
    await blobs.put("jobs/a/in/1", b"replaced")
    await blobs.put("jobs/a/in/1", data)
    assert await blobs.get("jobs/a/in/1") == bytes(data)
    assert await blobs.size("jobs/a/in/1") == len(data)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1)


@settings(max_examples=40)
@given(st.lists(NAMES.filter(lambda part: part not in (".", "..")), min_size=1, max_size=3))
async def test_a_key_is_listed_as_it_was_put(parts: list[str]) -> None:
    key = "/".join(parts)
    with TemporaryDirectory() as folder:
        blobs = Blobs.open(folder)
        try:
            await blobs.put(key, b"x")
        except (BadKey, BlobsAway):  # "x#1", and parts longer than the file system's 255 bytes
            assert "#" in key or max(len(part.encode()) for part in parts) > 240
            return
        assert await keys_of(blobs) == {key}
        assert await blobs.get(key) == b"x"


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../a", "a/../b", "a/..", "a//b", "a/", "./a", "a\nb", "a#1", "ü" * 513],
)
async def test_a_key_that_leaves_the_store_or_cannot_be_held_is_refused(
    blobs: Blobs, key: str
) -> None:
    with pytest.raises(BadKey):
        await blobs.put(key, b"x")
    with pytest.raises(BadKey):
        await blobs.get(key)
    with pytest.raises(BadKey):
        await joined(blobs.stream(key))
    with pytest.raises(BadKey):
        await blobs.delete(["fine", key])
    assert await keys_of(blobs) == set()


async def test_a_blob_that_is_not_there_is_no_such_blob(blobs: Blobs) -> None:
    for reading in (blobs.get("a/b"), blobs.size("a/b"), joined(blobs.stream("a/b"))):
        with pytest.raises(NoSuchBlob, match="'a/b'"):
            await reading


async def test_a_blob_that_cannot_be_read_is_refused_while_the_folder_serves(blobs: Blobs) -> None:
    await blobs.put("a", b"x")
    with pytest.raises(BlobRefused):
        await blobs.get("a/b")


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (5, None), (0, 1), (7, CHUNK + 9), (CHUNK, 2 * CHUNK), (3, 10**9), (9, 9), (9, 3)],
)
async def test_a_stream_is_the_span_in_chunks_of_a_mebibyte(
    blobs: Blobs, start: int, end: int | None
) -> None:
    await blobs.put("a", PATTERN)
    chunks = [chunk async for chunk in blobs.stream("a", start, end)]
    assert b"".join(chunks) == PATTERN[start : max(start, end) if end is not None else None]
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


async def test_a_stream_from_the_end_or_of_nothing_is_empty(blobs: Blobs) -> None:
    await blobs.put("a", b"123")
    await blobs.put("empty", b"")
    assert await joined(blobs.stream("a", 3)) == b""
    assert await joined(blobs.stream("a", 7, 9)) == b""
    assert await joined(blobs.stream("empty")) == b""


async def test_a_blob_that_goes_in_mid_stream_raises(blobs: Blobs) -> None:
    await blobs.put("a", PATTERN)
    stream = blobs.stream("a")
    assert await anext(stream) == PATTERN[:CHUNK]
    await blobs.delete(["a"])
    with pytest.raises(NoSuchBlob):
        await anext(stream)


async def test_a_blob_that_shrinks_in_mid_stream_raises(blobs: Blobs) -> None:
    await blobs.put("a", PATTERN)
    stream = blobs.stream("a")
    await anext(stream)
    await blobs.put("a", b"short")
    with pytest.raises(BlobRefused):
        await anext(stream)


async def test_a_folder_may_be_called_like_a_half_written_file(blobs: Blobs) -> None:
    await blobs.put("box #1/scan.jpg", b"x")
    assert await blobs.get("box #1/scan.jpg") == b"x"
    assert await keys_of(blobs, "box #1") == {"box #1/scan.jpg"}
    assert await blobs.delete_prefix("box #1") == 1
    assert await keys_of(blobs) == set()


async def test_a_list_holds_a_folder_and_not_its_namesakes(blobs: Blobs, tmp_path: Path) -> None:
    for key in ("jobs/a/in/1", "jobs/a/out/2", "jobs/ab/in/3", "jobs/a.txt"):
        await blobs.put(key, b"12345")
    assert await keys_of(blobs, "jobs/a") == await keys_of(blobs, "jobs/a/")
    found = {blob.key: blob async for blob in blobs.list("jobs/a/")}
    assert set(found) == {"jobs/a/in/1", "jobs/a/out/2"}
    assert found["jobs/a/in/1"].bytes == 5
    written = (tmp_path / "blobs/jobs/a/in/1").stat().st_mtime
    assert found["jobs/a/in/1"].modified == pytest.approx(written, abs=1e-3)


async def test_deleting_twice_is_fine_and_a_missing_key_protects_no_other(blobs: Blobs) -> None:
    keys = [f"jobs/a/{number}" for number in range(20)]
    for key in keys[::2]:
        await blobs.put(key, b"x")
    await blobs.delete(keys)
    await blobs.delete(keys)
    assert await keys_of(blobs) == set()


async def test_deleting_a_prefix_leaves_its_namesakes_and_never_takes_all(blobs: Blobs) -> None:
    await asyncio.gather(*(blobs.put(f"jobs/a/in/{number}", b"x") for number in range(1100)))
    await blobs.put("jobs/ab/in/1", b"x")
    assert await blobs.delete_prefix("jobs/a/") == 1100
    assert await blobs.delete_prefix("jobs/a/") == 0
    assert await keys_of(blobs) == {"jobs/ab/in/1"}
    for everything in ("", "/", "..", "jobs/../"):
        with pytest.raises(BadKey):
            await blobs.delete_prefix(everything)


def kill_in_mid_put(folder: Path) -> None:
    """Let a process put three blobs over and over, and kill it while a file is half written."""
    command = [sys.executable, "-c", PUTTER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(4):
            assert process.stdout.readline()
        for _ in process.stdout:
            if list(folder.glob("jobs/a/*#*")):
                process.kill()
                return


async def test_a_killed_put_leaves_no_half_blob_and_its_rest_goes_with_the_prefix(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(kill_in_mid_put, tmp_path)
    blobs = Blobs.open(tmp_path)
    keys = await keys_of(blobs)
    assert keys == {"jobs/a/0", "jobs/a/1", "jobs/a/2"}
    for key in keys:
        data = await blobs.get(key)
        assert len(data) == 12_000_000
        assert data == data[:1] * len(data)
    assert await blobs.delete_prefix("jobs/a/") == 3
    assert not (tmp_path / "jobs/a").exists()


async def test_two_that_put_the_same_key_at_once_leave_one_whole_blob(blobs: Blobs) -> None:
    bodies = [bytes([number]) * (PART + number) for number in range(6)]
    await asyncio.gather(*(blobs.put("a", body) for body in bodies))
    assert hashlib.sha256(await blobs.get("a")).digest() in {
        hashlib.sha256(body).digest() for body in bodies
    }
    assert await keys_of(blobs) == {"a"}


async def test_a_folder_that_went_is_away_and_its_blobs_are_not_lost(tmp_path: Path) -> None:
    blobs = Blobs.open(tmp_path / "mount")
    await blobs.put("a", b"x")
    await blobs.check()
    (tmp_path / "mount").rename(tmp_path / "elsewhere")
    with pytest.raises(BlobsAway) as away:
        await blobs.get("a")
    assert away.value.headers["Retry-After"]
    with pytest.raises(BlobsAway):
        await blobs.check()
    (tmp_path / "elsewhere").rename(tmp_path / "mount")
    assert await blobs.get("a") == b"x"


async def test_a_folder_is_opened_by_path_or_url_and_made_only_if_asked(tmp_path: Path) -> None:
    await Blobs.open(str(tmp_path / "the photos")).put("a", b"x")
    assert await Blobs.open(f"file://{tmp_path}/the%20photos/", create=False).get("a") == b"x"
    with pytest.raises(BlobsAway):
        Blobs.open(tmp_path / "misspelt", create=False)
    assert not (tmp_path / "misspelt").exists()


@pytest.mark.parametrize("url", ["ftp://host/x", "http://host/x", "memory://", "s3://"])
def test_a_url_that_names_no_store_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Blobs.open(url)


async def test_a_folder_gives_no_links(blobs: Blobs) -> None:
    await blobs.put("a", b"x", content_type="image/png", download_as="a.png")
    assert await blobs.link("a", 60, "a.png") is None


async def test_what_succeeds_is_timed_by_its_name(blobs: Blobs) -> None:
    timed: list[tuple[str, float]] = []
    watched = replace(blobs, observe=lambda *call: timed.append(call))
    await watched.put("a/b", b"data")
    await watched.get("a/b")
    await joined(watched.stream("a/b"))
    await watched.size("a/b")
    with pytest.raises(NoSuchBlob):
        await watched.get("a/c")
    await watched.delete(["a/b"])
    assert [name for name, _ in timed] == ["put", "get", "read", "head", "delete"]
    assert all(seconds > 0 for _, seconds in timed)
