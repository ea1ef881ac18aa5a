from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rialto.client.answer import seconds_to_wait, timing_of


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=100), usegmt=True)
    assert seconds_to_wait("2.5") == 2.5
    assert seconds_to_wait(soon) == pytest.approx(100, abs=5)
    assert seconds_to_wait(past) == 0
    assert seconds_to_wait("Tue, 24 Nov 2026 07:00:00 -0000") is not None


@pytest.mark.parametrize("text", [None, "", "later", "Tue, 99 Nov"])
def test_a_retry_after_that_says_nothing_is_none(text: str | None) -> None:
    assert seconds_to_wait(text) is None


def test_server_timing_is_milliseconds_by_stage_whatever_stands_between() -> None:
    header = 'wait;dur=0, infer;desc="tiles";dur=80.5, cache, pack; dur=3'
    assert timing_of(header) == {"wait": 0.0, "infer": 80.5, "pack": 3.0}
