import io
import subprocess
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.bundle import BrokenBundle, Entry, zip_stream
from service.archive.intake import IntakeLimits, entries

MIB = 2**20
MODIFIED = 1_795_517_425.75  # 2026-11-24 10:50:25.75 UTC
UNLIMITED = IntakeLimits(MIB, 10**6, 10**12, 10**6)
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1
).map(lambda name: f"folder/{name}")


async def chunked(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), MIB):
        yield data[start : start + MIB]


async def listed(files: Sequence[tuple[str, bytes]], modified: float) -> AsyncIterator[Entry]:
    for name, data in files:
        yield Entry(name, len(data), modified, chunked(data))


async def zipped(files: Sequence[tuple[str, bytes]], modified: float = MODIFIED) -> bytes:
    return b"".join([piece async for piece in zip_stream(listed(files, modified))])


async def send(stream: AsyncIterator[bytes], to: IO[bytes]) -> None:
    async for piece in stream:
        to.write(piece)


def unzip(*options: str | Path, zone: str = "UTC") -> None:
    subprocess.run(["unzip", *options], env={"TZ": zone, "LC_ALL": "C.UTF-8"}, check=True)


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=5))
async def test_a_zip_reads_back_as_it_was_given(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(await zipped(list(files.items())))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


async def test_unzip_finds_a_zip_without_faults_and_names_as_they_were(tmp_path: Path) -> None:
    names = ["Größe 100%/été.jpg.png", "x" * 200 + ".png", "写真/一.png"]
    path = tmp_path / "a.zip"
    path.write_bytes(await zipped([("bag/", b""), *((name, bytes(3 * MIB)) for name in names)]))
    unzip("-tqq", path)
    unzip("-qq", path, "-d", tmp_path / "out")
    assert {
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.png")
    } == {*names}
    assert (tmp_path / "out/bag").is_dir()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
async def test_an_unpacked_file_has_its_time_in_every_zone(tmp_path: Path, zone: str) -> None:
    (tmp_path / "a.zip").write_bytes(await zipped([("a.png", b"x")]))
    unzip("-qq", tmp_path / "a.zip", "-d", tmp_path, zone=zone)
    assert (tmp_path / "a.png").stat().st_mtime == int(MODIFIED)


@pytest.mark.parametrize(("modified", "year"), [(0, 1980), (MODIFIED, 2026), (2**33, 2107)])
async def test_a_time_beyond_what_a_zip_holds_is_brought_within(modified: float, year: int) -> None:
    with zipfile.ZipFile(io.BytesIO(await zipped([("a", b"x")], modified))) as archive:
        assert archive.infolist()[0].date_time[0] == year
    moment = datetime.fromtimestamp(MODIFIED, UTC)
    with zipfile.ZipFile(io.BytesIO(await zipped([("a", b"x")]))) as archive:
        assert archive.infolist()[0].date_time[:5] == moment.timetuple()[:5]


async def test_our_own_intake_reads_a_zip_of_results_as_a_stream() -> None:
    files = [(f"folder/{number}.png", bytes([number]) * number * 1000) for number in range(1, 9)]
    found = [each async for each in entries(chunked(await zipped(files)), "zip", UNLIMITED)]
    assert [(each.name, getattr(each, "data", each)) for each in found] == files


async def test_more_entries_than_16_bits_count_are_all_there() -> None:
    count = 2**16 + 1
    data = await zipped([(f"{number}.png", b"x") for number in range(count)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [f"{number}.png" for number in range(count)]
        assert archive.read(f"{count - 1}.png") == b"x"


async def test_memory_is_under_a_kilobyte_an_entry_and_never_an_archive() -> None:
    async def photos(count: int) -> AsyncIterator[Entry]:
        for number in range(count):
            name = f"folder {number // 1000}/scan-{number:06}.jpg.png"
            yield Entry(name, 20_000, MODIFIED, chunked(bytes(20_000)))

    async def peak(count: int) -> int:
        tracemalloc.start()
        async for _ in zip_stream(photos(count)):
            pass
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (await peak(3000) - await peak(1000)) / 2000 < 1000  # 20,000 bytes each pass through


async def test_the_same_entries_make_the_same_bytes() -> None:
    files = [("a.png", b"1" * 100_000), ("b.png", b"2")]
    assert await zipped(files) == await zipped(files)


@pytest.mark.parametrize("announced", [MIB - 1, MIB + 1])
async def test_an_entry_of_another_size_than_announced_ends_the_stream_as_no_zip(
    announced: int,
) -> None:
    async def photos() -> AsyncIterator[Entry]:
        yield Entry("whole.png", MIB, MODIFIED, chunked(bytes(MIB)))
        yield Entry("odd.png", announced, MODIFIED, chunked(bytes(MIB)))

    sent = io.BytesIO()
    with pytest.raises(BrokenBundle, match=r"odd\.png"):
        await send(zip_stream(photos()), sent)
    assert sent.tell() >= MIB
    assert not zipfile.is_zipfile(sent)


async def test_a_reader_that_leaves_stops_the_walk_and_leaves_nothing_open() -> None:
    begun: list[int] = []

    async def photos() -> AsyncIterator[Entry]:
        for number in range(100):
            begun.append(number)
            yield Entry(f"{number}.png", MIB, MODIFIED, chunked(bytes(MIB)))

    stream = zip_stream(photos())
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert begun == [0]


@pytest.mark.long
async def test_an_entry_above_4_gib_and_what_follows_it_unzip(tmp_path: Path) -> None:
    mebibytes = 4096 + 1

    async def zeros() -> AsyncIterator[bytes]:
        for _ in range(mebibytes):
            yield bytes(MIB)

    async def files() -> AsyncIterator[Entry]:
        yield Entry("large.tif", mebibytes * MIB, MODIFIED, zeros())
        yield Entry("small.png", 5, MODIFIED, chunked(b"small"))

    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        await send(zip_stream(files()), file)
    unzip("-tqq", path)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("large.tif").file_size == mebibytes * MIB
        assert archive.read("small.png") == b"small"
    path.unlink()
