import pytest

from service.archive.doors.ranges import RangeNotSatisfiable, span_of

HUGE = f"bytes=0-{'9' * 5000}"  # Python makes no number of that many digits


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-", 2, 10),
        ("bytes=2-99", 2, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
    ],
)
def test_a_range_is_a_part_within_the_file(header: str, start: int, end: int) -> None:
    span = span_of(header, 10)
    assert (span.start, span.end, span.status) == (start, end, 206)
    assert span.headers(10)["Content-Range"] == f"bytes {start}-{end - 1}/10"


@pytest.mark.parametrize(
    "header", [None, "", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=x-y", HUGE]
)
def test_what_is_no_single_range_is_the_whole_file(header: str | None) -> None:
    span = span_of(header, 10)
    assert (span.start, span.end, span.status) == (0, 10, 200)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=5-4", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable, match="10 bytes"):
        span_of(header, 10)
