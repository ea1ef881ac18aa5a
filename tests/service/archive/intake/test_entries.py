import hashlib
import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.intake import Entry, Skipped, entries
from service.archive.intake.entries import ArchiveKind
from tests.service.archive.intake.packing import (
    MIB,
    Files,
    chunked,
    limits,
    photos,
    take,
    tar_of,
    told,
    zip_of,
)

PHOTO = b"\xff\xd8\xff photo"
SMALL: Files = [("a/1.jpg", b"\xff\xd8\xff one"), ("empty.jpg", b""), ("b.jpg", b"two" * 200)]
ARCHIVES: dict[str, tuple[ArchiveKind, bytes]] = {
    "zip deflated": ("zip", zip_of(SMALL)),
    "zip stored": ("zip", zip_of(SMALL, zipfile.ZIP_STORED)),
    "zip deflated, streamed": ("zip", zip_of(SMALL, streamed=True)),
    "zip stored, streamed": ("zip", zip_of(SMALL, zipfile.ZIP_STORED, streamed=True)),
    "tar": ("tar", tar_of(SMALL)),
    "tar.gz": ("tar", tar_of(SMALL, "w:gz")),
    "tar.bz2": ("tar", tar_of(SMALL, "w:bz2")),
    "tar.xz": ("tar", tar_of(SMALL, "w:xz")),
}


@pytest.mark.parametrize(("kind", "data"), ARCHIVES.values(), ids=list(ARCHIVES))
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
async def test_photos_come_with_name_bytes_and_checksum_however_the_stream_is_cut(
    kind: ArchiveKind, data: bytes, chunk: int
) -> None:
    taken = await take(data, kind, chunk=chunk)
    assert told(taken) == ["a/1.jpg", "empty-file", "b.jpg"]
    assert photos(taken) == [SMALL[0], SMALL[2]]
    for entry in taken[0]:
        assert isinstance(entry, Skipped) or (
            entry.sha256 == hashlib.sha256(entry.data).hexdigest()
        )


@pytest.mark.parametrize(("kind", "data"), ARCHIVES.values(), ids=list(ARCHIVES))
async def test_an_archive_cut_anywhere_gives_what_came_before_and_one_problem(
    kind: ArchiveKind, data: bytes
) -> None:
    whole = await take(data, kind)
    # A plain tar is whole with the first block of its end mark; what follows is padding.
    enough = len(data.rstrip(b"\0")) // 512 * 512 + 1024 if data[257:262] == b"ustar" else len(data)
    for length in range(0, enough, 1 if len(data) < 2000 else 13):
        found, problem = await take(data[:length], kind)
        assert problem is not None, length
        assert problem.slug in ("truncated-archive", "not-an-archive")
        assert found == whole[0][: len(found)]
    assert (await take(data[:enough], kind))[1] is None


@given(st.sampled_from(list(ARCHIVES.values())), st.data())
async def test_a_damaged_archive_gives_photos_or_one_problem_within_its_limits(
    archive: tuple[ArchiveKind, bytes], draw: st.DataObject
) -> None:
    kind, data = archive[0], bytearray(archive[1])
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, min(len(data), 3000) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    found, _ = await take(bytes(data), kind, limits(max_entry_bytes=5000), chunk=50)
    assert len(found) <= 1000
    assert all(len(entry.data) <= 5000 for entry in found if isinstance(entry, Entry))


@given(
    st.sampled_from(["zip", "tar"]),
    st.sampled_from([b"", b"PK\x03\x04", b"PK\x01\x02", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0"]),
    st.binary(max_size=2000),
)
async def test_any_bytes_give_entries_or_one_problem(
    kind: ArchiveKind, head: bytes, data: bytes
) -> None:
    found, problem = await take(head + data, kind)
    assert problem is not None or found or kind == "tar" or data


@pytest.mark.parametrize("pack", [zip_of, tar_of])
async def test_an_entry_that_cannot_be_taken_is_told_and_the_stream_goes_on(pack: object) -> None:
    kind: ArchiveKind = "zip" if pack is zip_of else "tar"
    files = [
        ("../evil.jpg", PHOTO),
        ("/etc/passwd", PHOTO),
        ("C:/a.jpg", PHOTO),
        ("nul.jpg", PHOTO),
        ("line\nbreak.jpg", PHOTO),
        ("x" * 251, PHOTO),
        ("__MACOSX/a.jpg", PHOTO),
        ("._a.jpg", PHOTO),
        ("album/.DS_Store", PHOTO),
        ("album/Thumbs.db", PHOTO),
        ("@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", PHOTO),
        ("inner.zip", zip_of([("a", b"b")])),
        ("inner.tar", tar_of([("a", b"b")])),
        ("inner.tif.gz", b"\x1f\x8b\x08 packed"),
        ("large.jpg", bytes(MIB + 1)),
        ("empty.jpg", b""),
        ("good.jpg", PHOTO),
    ]
    taken = await take(pack(files), kind)  # type: ignore[operator]
    slugs = ["bad-name"] * 6 + ["system-file"] * 5 + ["nested-archive"] * 3
    assert told(taken) == [*slugs, "entry-too-large", "empty-file", "good.jpg"]
    for skipped in taken[0][:-1]:
        assert isinstance(skipped, Skipped)
        assert skipped.name.isprintable()
        assert skipped.detail.endswith(".")


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_a_name_twice_is_told_and_names_alike_are_left_to_the_queue() -> None:
    first, second = ("café.jpg", b"1"), ("cafe\u0301.jpg", b"2")
    for kind, pack in (("zip", zip_of), ("tar", tar_of)):
        files = [("bad.jpg", b""), ("bad.jpg", b"3"), first, second, ("CAFÉ.jpg", b"4")]
        if kind == "tar":
            files = files[2:]  # the packer of these tests keeps a name's contents once
        taken = await take(pack(files), kind)  # type: ignore[arg-type]
        expected = ["empty-file", "bad.jpg", "café.jpg", "duplicate-name", "CAFÉ.jpg"]
        assert told(taken) == expected[-len(files) :]
        assert photos(taken)[-2:] == [first, ("CAFÉ.jpg", b"4")]


async def test_folders_are_passed_over_in_silence() -> None:
    assert told(await take(zip_of([("a/", b""), ("a/b", b"1")]), "zip")) == ["a/b"]


async def test_what_is_behind_too_many_entries_is_not_read() -> None:
    files = [(f"{number}.jpg", b"1") for number in range(1000)]
    for kind, data in (("zip", zip_of(files)), ("tar", tar_of(files))):
        taken = await take(data, kind, limits(max_entries=10), chunk=512)  # type: ignore[arg-type]
        assert told(taken) == [name for name, _ in files[:10]] + ["[too-many-entries]"]


async def test_a_million_folders_or_system_files_end_too() -> None:
    for name in ("f/", "._x"):
        archive = zip_of([(name, b"")])
        header = archive[: archive.index(b"PK\x01\x02")]
        found, problem = await take(header * 1_000_000, "zip", limits(max_entries=10))
        assert problem is not None
        assert problem.slug == "too-many-entries"
        assert len(found) < 1100


async def test_a_stream_beyond_its_bytes_ends_packed_or_unpacked() -> None:
    noise = bytes(range(256)) * 256
    files = [(f"{number}.jpg", noise) for number in range(20)]
    for kind, data in (
        ("zip", zip_of(files)),
        ("tar", tar_of(files)),
        ("tar", tar_of(files, "w:gz")),
    ):
        bounded = limits(max_total_bytes=5 * len(noise))
        taken = await take(data, kind, bounded, chunk=1000)  # type: ignore[arg-type]
        assert 3 <= len(photos(taken)) <= 5
        assert told(taken)[-1] == "[archive-too-large]"


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0" * 1000, b"PK" * 600])
async def test_what_is_no_archive_is_refused_at_once(kind: ArchiveKind, data: bytes) -> None:
    assert told(await take(data, kind)) == ["[not-an-archive]"]


async def test_the_other_kind_of_archive_is_named() -> None:
    _, problem = await take(zip_of(SMALL), "tar")
    assert "format=zip" in str(problem)
    _, problem = await take(tar_of(SMALL), "zip")
    assert "format=tar" in str(problem)


@pytest.mark.parametrize("kind", ["zip", "tar"])
async def test_memory_is_that_of_the_photo_given_and_the_one_being_read(kind: ArchiveKind) -> None:
    files = [(f"{number}.jpg", number.to_bytes(1, "big") * 4 * MIB) for number in range(12)]
    data = zip_of(files, zipfile.ZIP_STORED) if kind == "zip" else tar_of(files)
    stream, count = chunked(data, 64 * 1024), 0
    tracemalloc.start()
    try:
        async for entry in entries(stream, kind, limits(max_entry_bytes=4 * MIB)):
            count += isinstance(entry, Entry)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == len(files)
    assert peak < 10 * MIB


async def test_a_callers_own_error_passes_through() -> None:
    async def broken_off():  # type: ignore[no-untyped-def]
        yield zip_of(SMALL)[:60]
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await take(broken_off(), "zip")


def test_the_archives_of_these_tests_are_what_others_read() -> None:
    for kind, data in ARCHIVES.values():
        if kind == "zip":
            assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
