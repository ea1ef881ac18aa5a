import pytest

from rialto.client import (
    APIConnectionError,
    APITimeoutError,
    Refusal,
    RialtoError,
    UnexpectedAnswerError,
)
from rialto.client.errors import status_error
from rialto.client.retry import Retry


def refused(status: int, retry_after: float | None = None) -> RialtoError:
    return status_error(Refusal(status, "slug", "Title", "detail", retry_after=retry_after))


def test_waits_double_from_half_a_second_to_eight() -> None:
    retry = Retry(max_retries=7, chance=lambda: 0.0)
    waits = [retry.delay(attempt, APIConnectionError("gone")) for attempt in range(8)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8, None]


def test_jitter_takes_at_most_a_quarter_of_a_wait() -> None:
    assert Retry(chance=lambda: 1.0).delay(0, APIConnectionError("gone")) == 0.375


def test_a_told_wait_is_never_cut_short_and_a_long_one_ends_the_trying() -> None:
    assert Retry(chance=lambda: 0.0).delay(0, refused(429, 20.0)) == 20.0
    assert Retry(chance=lambda: 1.0).delay(0, refused(503, 20.0)) == 25.0
    assert Retry().delay(0, refused(503, 61.0)) is None


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_statuses_that_may_pass_are_tried_again(status: int) -> None:
    assert Retry().delay(0, refused(status)) is not None


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 415, 422])
def test_statuses_that_stay_are_not(status: int) -> None:
    assert Retry().delay(0, refused(status)) is None


@pytest.mark.parametrize(
    "error",
    [
        APITimeoutError("silent"),
        UnexpectedAnswerError("a page"),
        status_error(Refusal(409, "name-taken", "Another photo has this name", "Rename it.")),
        status_error(Refusal(504, "deadline-passed", "Deadline passed", "600 s are over")),
    ],
)
def test_silence_strangers_and_a_passed_deadline_are_not_asked_again(error: RialtoError) -> None:
    assert Retry().delay(0, error) is None
