import pytest

from service.restore.pace import REMEMBERED, Pace, TooMuchWork


def test_nothing_is_refused_before_anything_is_known() -> None:
    Pace().check("sr4x", megapixels=100, steps=999, limit_s=1)


def test_work_that_cannot_end_in_time_is_refused_with_what_could() -> None:
    pace = Pace()
    pace.learn("sr4x", work=2, seconds=1)
    pace.check("sr4x", megapixels=10, steps=12, limit_s=60)
    with pytest.raises(TooMuchWork, match=r"about 125 seconds.*at most 12 steps"):
        pace.check("sr4x", megapixels=10, steps=25, limit_s=60)
    with pytest.raises(TooMuchWork, match=r"One step.*200 seconds.*smaller photo"):
        pace.check("sr4x", megapixels=400, steps=2, limit_s=60)
    pace.check("jpeg", megapixels=10, steps=25, limit_s=60)


def test_the_fastest_of_the_last_counts_and_what_is_long_ago_does_not() -> None:
    pace = Pace()
    pace.learn("sr4x", 1, 1.0)
    for _ in range(REMEMBERED - 1):
        pace.learn("sr4x", 1, 9.0)
    assert pace.expected_s("sr4x", 10) == 10
    pace.learn("sr4x", 1, 9.0)
    assert pace.expected_s("sr4x", 10) == 90
