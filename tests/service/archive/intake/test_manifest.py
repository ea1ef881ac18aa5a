import contextlib
import csv
import io
import json
import time
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.archive.intake import ManifestLine, Skipped, manifest
from service.archive.intake.manifest import MOST_LINE_BYTES, ManifestKind
from service.archive.intake.refusals import BadManifest
from service.problems import Problem
from tests.service.archive.intake.packing import chunked

SHA = "0123456789abcdef" * 4


async def read(
    data: bytes, kind: ManifestKind = "csv", chunk: int = 1000
) -> list[ManifestLine | Skipped]:
    return [line async for line in manifest(chunked(data, chunk), kind)]


def told(lines: list[ManifestLine | Skipped]) -> list[str]:
    return [
        line.name if isinstance(line, ManifestLine) else f"{line.name} {line.slug}"
        for line in lines
    ]


@given(
    st.dictionaries(
        st.text('ab,"; é漢', min_size=1, max_size=9).map(lambda text: f"{text}.jpg"),
        st.sampled_from([None, SHA, SHA.upper()]),
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.integers(1, 50),
)
async def test_both_kinds_give_the_lines_that_were_written(
    files: dict[str, str | None], delimiter: str, end: str, encoding: str, chunk: int
) -> None:
    expected = [
        ManifestLine(name, f"scans/{name}", sha256 and sha256.lower())
        for name, sha256 in files.items()
    ]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(("Key", " name", "sha256"))
    writer.writerows((f"scans/{name}", name, sha256) for name, sha256 in files.items())
    assert await read(out.getvalue().encode(encoding), "csv", chunk) == expected
    rows = [{"name": n, "key": f"scans/{n}", "sha256": s} for n, s in files.items()]
    text = end.join(json.dumps(row) for row in rows)
    assert await read(text.encode(encoding), "jsonl", chunk) == expected


@pytest.mark.parametrize(
    ("line", "slug", "why"),
    [
        (b"a.jpg", "bad-line", "1 fields, the header has 3"),
        (b'"a.jpg,k,', "bad-line", "quotes"),
        (b"a.jpg,k,abc", "bad-line", "64 hexadecimal"),
        (b"../a.jpg,k,", "bad-name", "leaves its folder"),
        (b"a\xff.jpg,k,", "bad-line", "UTF-8"),
        (b"a.jpg,../k,", "bad-line", "below the source"),
        (b"a.jpg,/k,", "bad-line", "below the source"),
        (b"a.jpg,s3://bucket/k,", "bad-line", "below the source"),
        (b"a.jpg,,", "bad-line", "below the source"),
        (b"a.jpg," + b"k" * 1025 + b",", "bad-line", "at most 1024 bytes"),
        (b"first.jpg,other,", "duplicate-name", "Rename one"),
        (b"a" * MOST_LINE_BYTES + b".jpg,k,", "bad-line", "longer than 8192 bytes"),
    ],
)
async def test_a_bad_line_is_told_by_its_number_and_the_others_are_taken(
    line: bytes, slug: str, why: str
) -> None:
    data = b"name,key,sha256\nfirst.jpg,k,\n\n" + line + b"\nlast.jpg,k,\n"
    lines = await read(data)
    assert told(lines) == ["first.jpg", f"line 4 {slug}", "last.jpg"]
    assert isinstance(lines[1], Skipped)
    assert lines[1].detail.startswith("Line 4: ")
    assert why in lines[1].detail


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"name": "a.jpg"}',
        b'{"name": "a.jpg", "key": 1}',
        b'{"name": "a.jpg", "key": "k", "sha265": "0"}',
        b'{"name": "a.jpg", "key": "\\ud800"}',
        b'{"name": "a.jpg", "key": "k", "sha256": 7' + b"7" * 5000 + b"}",
        b"[" * 8000,
    ],
)
async def test_a_bad_json_line_is_told_by_its_number(line: bytes) -> None:
    data = line + b'\n{"name": "a.jpg", "key": "k"}'
    assert told(await read(data, "jsonl")) == ["line 1 bad-line", "a.jpg"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"a.jpg,k\n", "first line"),
        (b"name,key,sha265\n", "first line"),
        (b"name,name,key\n", "first line"),
        (b"x" * 20_000, "first line"),
        ("name,key\na.jpg,k\n".encode("utf-16"), "UTF-16"),
    ],
)
async def test_a_manifest_that_cannot_be_read_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Problem, match=why) as caught:
        await read(data)
    assert caught.value.slug == "bad-manifest"


async def test_lines_beyond_the_limit_end_the_stream_behind_those_before() -> None:
    data = b"name,key\n" + b"".join(b"%d.jpg,k\n" % number for number in range(20))
    lines = manifest(chunked(data, 7), "csv", most_lines=10)
    assert [(await anext(lines)).name for _ in range(10)] == [f"{n}.jpg" for n in range(10)]
    with pytest.raises(Problem, match="more than 10 lines"):
        await anext(lines)


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]), st.integers(1, 300))
async def test_any_bytes_give_lines_or_one_problem(
    data: bytes, kind: ManifestKind, chunk: int
) -> None:
    await read(b"name,key\n" + data, kind, chunk)
    with contextlib.suppress(BadManifest):
        await read(data, kind, chunk)


async def test_a_line_without_end_is_not_kept() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"name,key\n"
        for _ in range(1000):
            yield b"x" * 64 * 1024

    tracemalloc.start()
    try:
        lines = [line async for line in manifest(stream(), "csv")]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told(lines) == ["line 2 bad-line"]
    assert peak < 2**20


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
async def test_a_hundred_thousand_lines_are_read_in_two_seconds(kind: ManifestKind) -> None:
    names = [f"1920/box {number % 40}/scan-{number:06}.jpg" for number in range(100_000)]
    if kind == "csv":
        data = "name,key\n" + "\n".join(f"{name},archive/{name}" for name in names)
    else:
        data = "\n".join(json.dumps({"name": name, "key": f"archive/{name}"}) for name in names)
    began = time.process_time()
    lines = await read(data.encode(), kind, 64 * 1024)
    assert time.process_time() - began < 2
    assert told(lines) == names
