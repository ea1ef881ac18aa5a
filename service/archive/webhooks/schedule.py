"""The schedule: how an attempt went, into what becomes of the delivery.

Delays are those of the Standard Webhooks specification, up to a tenth longer by chance, so that
what failed together is not tried together.
"""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from service.archive.webhooks.delivery import Outcome

MINUTE, HOUR = 60.0, 3600.0
# Seconds before each attempt, counted from the end of the one before it.
DELAYS_S: Final = (
    0.0,
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
JITTER: Final = 0.1
LONGEST_S: Final = 24 * HOUR  # that an endpoint may put us off by Retry-After


@dataclass(frozen=True)
class Answer:
    """How an endpoint took an attempt. `status` None: it did not answer."""

    status: int | None
    reason: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What an attempt came to, the delivery's state after it, and seconds to the next attempt."""

    outcome: Outcome
    state: Literal["waiting", "delivered", "failed", "disabled"]
    delay_s: float = 0.0


def judge(answer: Answer, attempt: int, chance: float) -> Verdict:
    """The verdict on the `attempt`-th attempt, from 1; `chance` is from 0 to 1."""
    if answer.status is not None and 200 <= answer.status < 300:
        return Verdict("delivered", "delivered")
    if answer.status == 410:
        return Verdict("gone", "disabled")
    if attempt >= len(DELAYS_S):
        return Verdict("failed", "failed")
    delay_s = DELAYS_S[attempt] * (1 + JITTER * chance)
    return Verdict("failed", "waiting", max(delay_s, answer.retry_after_s or 0.0))


def retry_after_s(header: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for: none where it is absent or cannot be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is in GMT, as every date of HTTP is.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at.timestamp() - now, 0.0), LONGEST_S)
