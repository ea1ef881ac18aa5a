import pytest

from service.archive.webhooks.schedule import DELAYS_S, Answer, judge, retry_after_s

FAILED = Answer(500)


@pytest.mark.parametrize("status", [None, 100, 301, 307, 400, 404, 429, 500, 503])
def test_whatever_is_not_2xx_or_410_is_tried_again(status: int | None) -> None:
    assert judge(Answer(status), 1, 0).state == "waiting"


@pytest.mark.parametrize(
    ("status", "state"), [(200, "delivered"), (299, "delivered"), (410, "disabled")]
)
def test_2xx_and_410_end_a_delivery(status: int, state: str) -> None:
    assert judge(Answer(status), 1, 0).state == state


def test_attempts_are_the_specifications_and_then_it_has_failed() -> None:
    verdicts = [judge(FAILED, attempt, 0) for attempt in range(1, 11)]
    hours = 3600
    assert [verdict.delay_s for verdict in verdicts[:-1]] == [
        5, 300, 1800, 2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours
    ]  # fmt: skip
    assert verdicts[-1].state == "failed"


@pytest.mark.parametrize("attempt", range(1, len(DELAYS_S)))
def test_chance_lengthens_a_delay_by_a_tenth_at_most(attempt: int) -> None:
    assert judge(FAILED, attempt, 1).delay_s == pytest.approx(1.1 * DELAYS_S[attempt])


def test_retry_after_puts_off_and_never_hastens() -> None:
    assert judge(Answer(503, retry_after_s=120), 1, 0).delay_s == 120
    assert judge(Answer(503, retry_after_s=120), 2, 0).delay_s == 300


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999999999", 86_400),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60),
        ("Tue, 14 Nov 2000 22:14:20 GMT", 0),
        ("Tue, 14 Nov 2099 22:14:20 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_up_to_a_day(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_s(header, now=1_700_000_000) == seconds
