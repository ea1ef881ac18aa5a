"""A failed attempt becomes the seconds until the next one, or the end of trying.

The rule that client libraries agree on: two repetitions, 0.5 s doubling to 8 s with jitter,
after connection errors, 408, 409, 429 and 5xx. `POST /restore` keeps nothing and is decided
by its seed, so it may be sent twice.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from rialto.client.errors import APIConnectionError, APIStatusError, APITimeoutError, RialtoError

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 8.0
LONGEST_PROMISE_S = 60.0  # a later Retry-After is the caller's to wait for, not ours
JITTER = 0.25
LASTING = frozenset({"deadline-passed", "job-closed", "job-ended", "name-taken"})


@dataclass(frozen=True)
class Retry:
    """How often a call is repeated; `chance` gives numbers in 0..1 for the jitter."""

    max_retries: int = 2
    chance: Callable[[], float] = random.random

    def delay(self, attempt: int, error: RialtoError) -> float | None:
        """Seconds to wait after failed attempt number `attempt`, from 0; None to give up.

        Never earlier than the service's Retry-After; one beyond a minute is not waited for.
        """
        if attempt >= self.max_retries or not is_passing(error):
            return None
        told = error.retry_after if isinstance(error, APIStatusError) else None
        if told is not None:
            late = told * (1 + JITTER * self.chance())
            return late if told <= LONGEST_PROMISE_S else None
        doubled = min(FIRST_DELAY_S * 2.0**attempt, LONGEST_DELAY_S)
        return doubled * (1 - JITTER * self.chance())


def is_passing(error: RialtoError) -> bool:
    """Whether the same call may succeed a moment later.

    Not where time ran out, the caller's (APITimeoutError) or the service's own: the same
    work would take as long again. Nor where a job will stay as it is.
    """
    if isinstance(error, APIStatusError):
        if error.slug in LASTING:
            return False
        return error.status in {408, 409, 429} or error.status >= 500
    return isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError)
