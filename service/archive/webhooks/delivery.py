"""What is written down of a delivery: its attempts, and how it stands."""

from typing import Literal

from service.archive.records import Record

DeliveryState = Literal["waiting", "active", "delivered", "failed", "disabled"]
Outcome = Literal["delivered", "failed", "gone", "interrupted"]


class Attempt(Record):
    """One POST. `at` is seconds since 1970; `status` None: there was no answer, `reason` says why.

    interrupted   the process that made it ended before it could write down how it went
    """

    at: float
    seconds: float
    outcome: Outcome
    status: int | None = None
    reason: str = ""


class Delivery(Record):
    """One event on its way. `id` is its webhook-id; times are seconds since 1970.

    state     disabled: the endpoint answered 410, to this delivery or another of the job
    next_at   when it is tried next; None while that is not to be, or is happening
    """

    id: str
    kind: str
    job_id: str
    url: str
    state: DeliveryState
    created_at: float
    next_at: float | None = None
    attempts: tuple[Attempt, ...] = ()
