import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.intake import Entry, Skipped, entries
from tests.service.archive.intake.packing import (
    MIB,
    Pipe,
    chunked,
    limits,
    photos,
    take,
    told,
    zip_of,
)

BEFORE, AFTER = ("before.jpg", b"\xff\xd8\xff before"), ("after.jpg", b"\xff\xd8\xff after")
ENCRYPTED, UTF8 = 1 << 0, 1 << 11


def flagged(archive: bytes, name: bytes, flag: int) -> bytes:
    """The archive with a flag set in the local header of `name`."""
    start = archive.index(name) - 30
    flags = struct.unpack_from("<H", archive, start + 6)[0] | flag
    return archive[: start + 6] + struct.pack("<H", flags) + archive[start + 8 :]


def local_header(name: bytes, packed: bytes, size: int, crc: int, extra: bytes = b"") -> bytes:
    fixed = (20, 0, zipfile.ZIP_DEFLATED, 0, 0, crc, len(packed), size, len(name), len(extra))
    return b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *fixed) + name + extra


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


@given(
    st.dictionaries(
        st.text("abcé漢 ", min_size=1, max_size=8).map(lambda name: f"{name.strip()}x.jpg"),
        st.binary(max_size=300).map(lambda data: b"x" + data) | st.just(b"xPK\x07\x08" * 50),
        max_size=5,
    ),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.booleans(),
    st.integers(1, 400),
)
async def test_what_zipfile_packs_is_taken(
    files: dict[str, bytes], method: int, streamed: bool, chunk: int
) -> None:
    data = zip_of([*files.items(), AFTER], method, streamed=streamed)
    taken = await take(data, "zip", chunk=chunk)
    assert photos(taken) == [*files.items(), AFTER]
    assert taken[1] is None


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_other_packings_are_told_and_passed_over(method: int, streamed: bool) -> None:
    packed = zip_of([("odd.tif", b"PK\x07\x08 odd" * 9)], method, streamed=streamed)
    entry = packed[: packed.index(b"PK\x01\x02")]
    taken = await take(entry + zip_of([AFTER]), "zip", chunk=11)
    assert told(taken) == ["unsupported-entry", "after.jpg"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_an_encrypted_entry_is_told_and_passed_over(method: int, streamed: bool) -> None:
    data = zip_of([BEFORE, ("secret.jpg", b"xyz" * 99), AFTER], method, streamed=streamed)
    taken = await take(flagged(data, b"secret.jpg", ENCRYPTED), "zip", chunk=11)
    assert told(taken) == ["before.jpg", "encrypted-entry", "after.jpg"]
    assert isinstance(taken[0][1], Skipped)
    assert "without a password" in taken[0][1].detail


async def test_the_size_before_encryption_that_info_zip_writes_is_not_believed() -> None:
    fixed = (20, 1 << 3 | ENCRYPTED, zipfile.ZIP_STORED, 0, 0, 0, 50, 50, 5, 0)
    header = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *fixed) + b"a.jpg"
    descriptor = b"PK\x07\x08" + struct.pack("<III", 7, 62, 50)
    taken = await take(header + b"x" * 62 + descriptor + zip_of([AFTER]), "zip")
    assert told(taken) == ["encrypted-entry", "after.jpg"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_a_wrong_checksum_is_told_and_nothing_else_is_lost(
    method: int, streamed: bool
) -> None:
    data = bytearray(zip_of([BEFORE, ("bad.jpg", b"12345678"), AFTER], method, streamed=streamed))
    crc = zlib.crc32(b"12345678").to_bytes(4, "little")
    at = data.index(crc)
    data[at : at + 4] = bytes(4)
    taken = await take(bytes(data), "zip")
    if method == zipfile.ZIP_STORED and streamed:  # then nothing tells where its bytes end
        assert told(taken) == ["before.jpg", "[truncated-archive]"]
    else:
        assert told(taken) == ["before.jpg", "broken-entry", "after.jpg"]


async def test_sizes_beyond_4_gib_are_read_where_zip64_has_them() -> None:
    size = 5 * 2**30
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    header = b"PK\x03\x04" + struct.pack(
        "<HHHHHIIIHH", 45, 0, 0, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 8, len(extra)
    )

    async def stream() -> AsyncIterator[bytes]:
        yield header + b"huge.tif" + extra
        zeros = bytes(64 * MIB)
        for _ in range(size // len(zeros)):
            yield zeros
        yield zip_of([AFTER])

    taken = await take(stream(), "zip", limits(max_total_bytes=2**40))
    assert told(taken) == ["entry-too-large", "after.jpg"]


async def test_a_zip64_entry_written_blindly_is_taken() -> None:
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, data in (BEFORE, AFTER):
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    assert photos(await take(bytes(out.data), "zip")) == [BEFORE, AFTER]


async def test_names_are_read_in_the_writers_encoding() -> None:
    cp437 = local_header("Gr\u00fc\u00dfe.jpg".encode("cp437"), deflated(b"1"), 1, zlib.crc32(b"1"))
    macos = local_header("日本.jpg".encode(), deflated(b"1"), 1, zlib.crc32(b"1"))
    raw = b"?.jpg"
    field = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + "ж.jpg".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    unicode_path = local_header(raw, deflated(b"1"), 1, zlib.crc32(b"1"), extra)
    windows = local_header(b"folder\\a.jpg", deflated(b"1"), 1, zlib.crc32(b"1"))
    entries = b"".join(header + deflated(b"1") for header in (cp437, macos, unicode_path, windows))
    flag_lies = flagged(cp437 + deflated(b"1"), b"Gr\x81", UTF8)
    taken = await take(entries + flag_lies + zip_of([AFTER]), "zip")
    names = ["Grüße.jpg", "日本.jpg", "ж.jpg", "folder/a.jpg"]
    assert told(taken) == [*names, "bad-name", "after.jpg"]


async def test_a_link_is_a_file_of_its_targets_path_and_is_not_followed() -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert photos(await take(out.getvalue(), "zip")) == [("link.jpg", b"/etc/passwd")]


async def test_a_bomb_that_tells_its_size_is_skipped_unopened() -> None:
    data = zip_of([BEFORE, ("bomb.tif", bytes(64 * MIB)), AFTER])
    tracemalloc.start()
    try:
        taken = await take(data, "zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(taken) == ["before.jpg", "entry-too-large", "after.jpg"]
    assert peak < MIB


async def test_a_bomb_that_hides_its_size_ends_the_stream() -> None:
    data = zip_of([BEFORE, ("bomb.tif", bytes(128 * MIB)), AFTER], streamed=True)
    tracemalloc.start()
    try:
        taken = await take(data, "zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(taken) == ["before.jpg", "[archive-bomb]"]
    assert peak < 4 * MIB


async def test_a_bomb_that_lies_about_its_size_is_broken_and_no_more_is_unpacked() -> None:
    packed = deflated(bytes(64 * MIB))
    bomb = local_header(b"bomb.tif", packed, 1000, 0) + packed
    tracemalloc.start()
    try:
        taken = await take(bomb + zip_of([AFTER]), "zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(taken) == ["broken-entry", "after.jpg"]
    assert peak < 2 * MIB


async def test_many_small_bombs_are_one_bomb() -> None:
    bomb = bytes(MIB // 2)
    data = zip_of([(f"{number}.tif", bomb) for number in range(100)])
    found, problem = await take(data, "zip", limits(max_total_bytes=2**40), chunk=1000)
    assert problem is not None
    assert problem.slug == "archive-bomb"
    assert 2 <= len(found) <= 4


async def test_entries_that_overlap_in_the_directory_are_read_once() -> None:
    # As in Fifield's zip bomb: each entry quotes the headers and bytes of those behind it.
    kernel = bytes(MIB // 4)
    quoted, entry = kernel, deflated(kernel)
    packed, header = entry, local_header(b"0.tif", entry, len(kernel), zlib.crc32(kernel))
    for number in range(1, 200):
        length = len(header)
        quote = b"\x00" + struct.pack("<HH", length, length ^ 0xFFFF) + header
        packed, quoted = quote + packed, header + quoted
        name = b"%d.tif" % number
        header = local_header(name, packed, len(quoted), zlib.crc32(quoted))
    taken = await take(header + packed + b"PK\x05\x06" + bytes(18), "zip", limits(max_ratio=2000))
    assert told(taken) == ["nested-archive"]  # which the first header that it quotes makes it


async def test_a_thousand_false_ends_in_a_stored_photo_are_seen_through() -> None:
    lure = b"\xff\xd8\xff" + (b"PK\x07\x08" + bytes(12) + b"PK\x01\x02") * 1000
    data = zip_of([("lure.tif", lure), AFTER], zipfile.ZIP_STORED, streamed=True)
    assert photos(await take(data, "zip", chunk=1001)) == [("lure.tif", lure), AFTER]


async def test_bytes_that_only_look_like_ends_cost_no_more_than_a_limit() -> None:
    data = zip_of([("lure.tif", b"PK\x07\x08" * 300_000)], zipfile.ZIP_STORED, streamed=True)
    assert told(await take(data, "zip", limits(max_entry_bytes=2 * MIB))) == ["[broken-archive]"]


async def test_a_directory_that_is_missing_or_strange_is_told_behind_all_photos() -> None:
    data = zip_of([BEFORE, AFTER])
    directory = data.index(b"PK\x01\x02")
    names = ["before.jpg", "after.jpg"]
    assert told(await take(data[:directory], "zip")) == [*names, "[truncated-archive]"]
    assert told(await take(data[:directory] + b"nonsense", "zip")) == [*names, "[broken-archive]"]
    whole = [entry async for entry in _entries_of(data + b"trailing junk")]
    assert [entry.name for entry in whole] == names


async def _entries_of(data: bytes) -> AsyncIterator[Entry | Skipped]:
    async for entry in entries(chunked(data, 10), "zip", limits()):
        yield entry
