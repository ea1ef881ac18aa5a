import os
import tarfile
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.service.archive.intake.packing import (
    MIB,
    limits,
    member,
    photos,
    take,
    tar_of,
    tar_with,
    told,
)

BEFORE, AFTER = ("before.jpg", b"\xff\xd8\xff before"), ("after.jpg", b"\xff\xd8\xff after")
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


@given(
    st.dictionaries(
        st.lists(st.text("abcé漢", min_size=1, max_size=20), min_size=1, max_size=9).map("/".join),
        st.binary(min_size=1, max_size=1200).map(lambda data: b"x" + data),
        max_size=5,
    ),
    st.sampled_from(["w", "w:gz", "w:bz2", "w:xz"]),
    st.sampled_from(FORMATS),
    st.integers(1, 2000),
)
async def test_what_tarfile_packs_is_taken(
    files: dict[str, bytes], mode: str, form: int, chunk: int
) -> None:
    files = {
        name: data
        for name, data in files.items()
        if form != tarfile.USTAR_FORMAT or len(name.encode()) <= 100
    }
    taken = await take(tar_of([*files.items(), AFTER], mode, form), "tar", chunk=chunk)
    assert photos(taken) == [*files.items(), AFTER]
    assert taken[1] is None


@pytest.mark.parametrize("form", FORMATS)
async def test_links_devices_and_pipes_are_told_and_folders_are_not(form: int) -> None:
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
    special = [member(f"{number}.jpg", kind=kind) for number, kind in enumerate(kinds)]
    for info in special[:2]:
        info.linkname = "/etc/passwd"
    folder = member("folder", kind=tarfile.DIRTYPE)
    files = [folder, *special, member(AFTER[0], len(AFTER[1]))]
    taken = await take(tar_with(files, dict([AFTER]), form=form), "tar")
    assert told(taken) == ["not-a-file"] * 5 + ["after.jpg"]


async def test_a_sparse_file_is_told_and_passed_over() -> None:
    sparse = member("sparse.tif", 700)
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    files = [sparse, member(AFTER[0], len(AFTER[1]))]
    data = tar_with(files, {"sparse.tif": b"x" * 700, **dict([AFTER])})
    assert told(await take(data, "tar")) == ["unsupported-entry", "after.jpg"]
    old = bytearray(tar_of([("old.tif", b"x" * 700), AFTER], form=tarfile.GNU_FORMAT))
    old[156:157], old[482] = b"S", 1
    old[148:156] = b"%06o\0 " % (256 + sum(old[:148]) + sum(old[156:512]))
    more = bytes(504) + b"\1" + bytes(7) + bytes(512)
    data = bytes(old[:512]) + more + bytes(old[512:])
    assert told(await take(data, "tar")) == ["unsupported-entry", "after.jpg"]


async def test_a_name_in_no_encoding_is_told() -> None:
    data = tar_of([("Gr\udcfc\udcdf.jpg", b"1"), AFTER], form=tarfile.GNU_FORMAT)
    taken = await take(data, "tar")
    assert told(taken) == ["bad-name", "after.jpg"]
    assert taken[0][0].name == "Gr\\udcfc\\udcdf.jpg"


async def test_names_from_tar_dot_are_kept_without_the_dot() -> None:
    assert told(await take(tar_of([("./a/b.jpg", b"1")]), "tar")) == ["a/b.jpg"]


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
async def test_a_packed_bomb_ends_the_stream_within_its_memory(mode: str) -> None:
    files = [BEFORE, ("bomb.tif", bytes(100 * MIB)), AFTER]
    data = tar_of(files, mode)
    tracemalloc.start()
    try:
        taken = await take(data, "tar")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(taken) == ["before.jpg", "[archive-bomb]"]
    assert peak < 16 * MIB  # of which xz has 8 for its window


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
async def test_a_packing_in_several_members_is_one_tar(mode: str) -> None:
    plain = tar_of([BEFORE, AFTER])
    module = __import__({"w:gz": "gzip", "w:bz2": "bz2", "w:xz": "lzma"}[mode])
    data = b"".join(module.compress(plain[at : at + 700]) for at in range(0, len(plain), 700))
    assert photos(await take(data, "tar", chunk=33)) == [BEFORE, AFTER]


async def test_a_packings_own_checksum_is_held_to() -> None:
    noise = os.urandom(MIB // 2)
    data = bytearray(tar_of([BEFORE, ("noise.tif", noise), AFTER], "w:gz"))
    data[-8] ^= 1
    assert told(await take(bytes(data), "tar")) in (
        ["before.jpg", *rest, "[broken-archive]"] for rest in ([], ["noise.tif"])
    )


@pytest.mark.parametrize("magic", [b"\x28\xb5\x2f\xfd", b"\x1f\x9d\x90", b"LZIP\x01"])
async def test_a_packing_that_is_not_read_here_is_named(magic: bytes) -> None:
    _, problem = await take(magic + bytes(1000), "tar")
    assert problem is not None
    assert problem.slug == "not-an-archive"
    assert "gzip" in problem.detail


async def test_an_extended_header_that_would_fill_memory_ends_the_stream() -> None:
    info = member("a.jpg", 1)
    info.pax_headers = {"comment": "x" * (8 * MIB)}
    data = tar_of([BEFORE])[:1024] + tar_with([info], {"a.jpg": b"1"})
    tracemalloc.start()
    try:
        taken = await take(data, "tar")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(taken) == ["before.jpg", "[broken-archive]"]
    assert peak < MIB


async def test_a_chain_of_extended_headers_ends_by_the_limit_of_entries() -> None:
    info = member("a.jpg", 1)
    info.pax_headers = {"comment": "x"}
    chain = tar_with([info], {"a.jpg": b"1"})[:1024]
    data = tar_of([BEFORE])[:1024] + chain * 4000 + tar_of([AFTER])
    assert told(await take(data, "tar"))[-1] == "after.jpg"
    assert told(await take(data, "tar", limits(max_entries=10))) == [
        "before.jpg",
        "[too-many-entries]",
    ]


@pytest.mark.parametrize(
    "record", [b"5 a=b\n", b"9999 a=b\n", b"x", b"6 abc\n", b"-6 a=b\n", b"9 size=-\n"]
)
async def test_an_extended_header_that_makes_no_sense_ends_the_stream(record: bytes) -> None:
    good = tar_with([member("pax", len(record), tarfile.XHDTYPE)], {"pax": record})[:1024]
    taken = await take(good + tar_of([AFTER]), "tar")
    assert told(taken) == ["[broken-archive]"]


async def test_a_size_that_goes_on_for_ever_is_passed_over_only_to_the_streams_end() -> None:
    huge = member("huge.tif", 2**60)
    data = tar_of([BEFORE])[:1024] + huge.tobuf(tarfile.GNU_FORMAT) + bytes(5000)
    assert told(await take(data, "tar")) == ["before.jpg", "[truncated-archive]"]
    negative = bytearray(huge.tobuf(tarfile.GNU_FORMAT))
    negative[124] = 0xFF
    negative[148:156] = b"%06o\0 " % (256 + sum(negative[:148]) + sum(negative[156:512]))
    assert told(await take(tar_of([BEFORE])[:1024] + bytes(negative), "tar")) == [
        "before.jpg",
        "[broken-archive]",
    ]
