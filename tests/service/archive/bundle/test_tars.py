import io
import subprocess
import tarfile
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.bundle import BrokenBundle, Entry, tar_stream

MIB = 2**20
MODIFIED = 1_795_517_425.75
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=200
).map(lambda name: f"folder/{name}")


async def chunked(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 30_000):
        yield data[start : start + 30_000]


async def listed(files: Sequence[tuple[str, bytes]]) -> AsyncIterator[Entry]:
    for name, data in files:
        yield Entry(name, len(data), MODIFIED, chunked(data))


async def tarred(files: Sequence[tuple[str, bytes]]) -> bytes:
    return b"".join([piece async for piece in tar_stream(listed(files))])


def untarred(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        members = archive.getmembers()
        assert all(member.mtime == int(MODIFIED) for member in members)
        return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=5))
async def test_a_tar_reads_back_as_it_was_given(files: dict[str, bytes]) -> None:
    assert untarred(await tarred(list(files.items()))) == files


async def test_gnu_tar_unpacks_long_and_unicode_names(tmp_path: Path) -> None:
    files = [("Größe 100%/été.jpg.png", b"1"), ("y/" + "x" * 250, bytes(MIB)), ("写真/一.png", b"")]
    (tmp_path / "a.tar").write_bytes(await tarred([("bag/", b""), *files]))
    assert tar("-xf", tmp_path / "a.tar") == (0, b"")
    assert [(name, (tmp_path / name).read_bytes()) for name, _ in files] == files
    assert (tmp_path / "bag").is_dir()


async def test_the_same_entries_make_the_same_bytes() -> None:
    files = [("a.png", b"1" * 100_000), ("b.png", b"2")]
    assert await tarred(files) == await tarred(files)


@pytest.mark.parametrize("whole", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [100, 512, 29_999, 65_536, 100_352])
async def test_a_tar_that_breaks_off_between_entries_is_no_tar(
    tmp_path: Path, size: int, whole: int
) -> None:
    async def photos() -> AsyncIterator[Entry]:
        for number in range(whole):
            yield Entry(f"{number}.png", size, MODIFIED, chunked(bytes(size)))
        raise ConnectionError("the queue is away")

    await assert_nothing_whole_was_sent(photos(), tmp_path, ConnectionError)


@pytest.mark.parametrize("missing", [1, 512, 100_352])
async def test_a_tar_whose_entry_ends_early_is_no_tar(tmp_path: Path, missing: int) -> None:
    async def photos() -> AsyncIterator[Entry]:
        yield Entry("whole.png", 100_352, MODIFIED, chunked(bytes(100_352)))
        yield Entry("odd.png", 100_352, MODIFIED, chunked(bytes(100_352 - missing)))

    await assert_nothing_whole_was_sent(photos(), tmp_path, BrokenBundle)


async def assert_nothing_whole_was_sent(
    photos: AsyncIterator[Entry], folder: Path, error: type[Exception]
) -> None:
    sent = io.BytesIO()
    with pytest.raises(error):
        await send(tar_stream(photos), sent)
    if not sent.tell():
        return
    with pytest.raises(tarfile.ReadError):
        untarred(sent.getvalue())
    (folder / "a.tar").write_bytes(sent.getvalue())
    status, told = tar("-tf", folder / "a.tar")
    assert status != 0
    assert told


async def send(stream: AsyncIterator[bytes], to: io.BytesIO) -> None:
    async for piece in stream:
        to.write(piece)


def tar(action: str, archive: Path) -> tuple[int, bytes]:
    """GNU tar's exit status, and what it complains of."""
    done = subprocess.run(
        ["tar", action, archive], cwd=archive.parent, check=False, capture_output=True
    )
    return done.returncode, done.stderr


async def test_a_broken_tar_has_been_sent_in_part_at_least_once(tmp_path: Path) -> None:
    async def photos() -> AsyncIterator[Entry]:
        yield Entry("whole.png", MIB, MODIFIED, chunked(bytes(MIB)))
        raise ConnectionError("the queue is away")

    stream = tar_stream(photos())
    assert await anext(stream)
    await assert_nothing_whole_was_sent(photos(), tmp_path, ConnectionError)


async def test_memory_does_not_grow_with_the_tar() -> None:
    async def photos(count: int) -> AsyncIterator[Entry]:
        for number in range(count):
            yield Entry(f"{number}.png", 20_000, MODIFIED, chunked(bytes(20_000)))

    async def peak(count: int) -> int:
        tracemalloc.start()
        async for _ in tar_stream(photos(count)):
            pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert await peak(2000) < 1.1 * await peak(200)
