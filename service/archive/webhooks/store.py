"""The store: events into deliveries that Redis keeps until they have ended, and a while longer.

Each move is one atomic Lua script with a plain name (`lua/`). A delivery is claimed by moving its
date ahead; whoever claimed it and was killed has simply not moved it further, so that another
claims it when that date comes. A fence keeps him who comes late from writing over it.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from redis.asyncio import Redis

from service.archive.webhooks.delivery import Attempt, Delivery
from service.archive.webhooks.events import JobEvent
from service.archive.webhooks.schedule import DELAYS_S, Verdict
from service.problems import Problem
from service.valkey import NEVER, Scripts, Word, ask

LEASE_S: Final = 60.0  # well beyond an attempt's limit
DAY_S: Final = 86_400.0
FLAGS: Final = {"forget": "allow-oom"}


class NoSuchDelivery(Problem):
    """Never enqueued, of another job, or forgotten."""

    status = 404
    slug = "no-such-delivery"
    title = "There is no such delivery"


@dataclass(frozen=True)
class Claim:
    """A delivery that is ours for now. `attempt` counts from 1 since it was enqueued or resent."""

    id: str
    fence: str
    attempt: int
    url: str
    body: bytes


class WebhookStore:
    """Deliveries in Redis or Valkey. `redis` must give text (`decode_responses`).

    lease_s       after which a silent process's delivery is made by another
    retention_s   after which a delivery is forgotten, counted from its event
    prefix        of all keys; its braces keep them in one slot of a cluster
    clock         seconds since 1970, by which all is due; None: the server's own

    Any call raises ValkeyAway where the server cannot be reached for some seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        lease_s: float = LEASE_S,
        retention_s: float = 30 * DAY_S,
        prefix: str = "{rialto}:hooks:",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis, self._prefix, self._clock = redis, prefix, clock
        self._lease_us, self._retention_us = _us(lease_s), _us(retention_s)
        self._scripts = Scripts(redis, "service.archive.webhooks", FLAGS)

    async def enqueue(self, event: JobEvent) -> bool:
        """Have it delivered, now and until it is taken; False: it was enqueued before."""
        given = (event.id, event.kind, event.job_id, event.url, event.body)
        return bool(await self._run("enqueue", *given))

    async def claim(self, limit: int) -> tuple[list[Claim], float]:
        """Up to `limit` deliveries that are due, and seconds until the next one is (inf: none).

        What is older than its retention is forgotten on the way.
        """
        fence = uuid4().hex
        given = (fence, limit, self._lease_us, self._retention_us, len(DELAYS_S))
        wait_us, *found = await self._run("claim", *given, repeat=False)
        claims = [
            Claim(delivery_id, fence, int(attempt), url, body.encode())
            for delivery_id, attempt, url, body in zip(*[iter(found)] * 4, strict=True)
        ]
        return claims, float(wait_us) / 1e6 if wait_us else math.inf

    async def record(self, claim: Claim, attempt: Attempt, verdict: Verdict) -> bool:
        """Write down how a claim went; False: the claim was lost, and nothing was changed."""
        given = (claim.id, claim.fence, attempt.model_dump_json(), verdict.state)
        return bool(await self._run("record", *given, _us(verdict.delay_s)))

    async def release(self, claim: Claim) -> bool:
        """Give back a claim that was not seen through: due at once, the attempt not counted."""
        return bool(await self._run("release", claim.id, claim.fence))

    async def wait(self, seconds: float) -> None:
        """Returns when something falls due by a call (of any process), or after `seconds`, <= 8."""
        key, timeout_s = self._prefix + "wake", max(seconds, 0.01)
        await ask(lambda: self._redis.blpop([key], timeout_s), NEVER)

    async def list(
        self,
        job_id: str | None = None,
        *,
        failed_only: bool = False,
        before: float | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries of a job or of all, newest first; a page's last `created_at` begins the next.

        failed_only   those that ended without being delivered: failed and disabled
        """
        index = self._key("job", job_id) if job_id is not None else self._key("all")
        index += ":failed" if failed_only else ""
        newest = "+inf" if before is None else f"({_us(before)}"
        ids: Any = await ask(lambda: self._redis.zrevrangebyscore(index, newest, "-inf", 0, limit))
        return [*await ask(lambda: self._read(ids))] if ids else []

    async def resend(self, delivery_id: str, job_id: str | None = None) -> None:
        """Begin the schedule anew, now, under the same webhook-id; a disabled endpoint is enabled.

        One that is being delivered right now is left to it. Raises NoSuchDelivery, also where it is
        not of `job_id`.
        """
        if not await self._run("resend", delivery_id, job_id or ""):
            raise NoSuchDelivery("It was never made, or is forgotten. List the job's webhooks.")

    async def forget(self, job_id: str) -> None:
        """Forget all deliveries of a job, made or not; twice is once."""
        await self._run("forget", job_id)

    async def _read(self, ids: Sequence[str]) -> Sequence[Delivery]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for delivery_id in ids:
                pipeline.hgetall(self._key("delivery", delivery_id))
                pipeline.lrange(self._key("delivery", delivery_id, "attempts"), 0, -1)
                pipeline.zscore(self._key("due"), delivery_id)
            found = await pipeline.execute()
        triples = zip(ids, *[iter(found)] * 3, strict=True)
        return [_delivery(*each) for each in triples if each[1]]  # else: forgotten just now

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    async def _run(self, name: str, *given: Word, repeat: bool = True) -> Any:
        """Run a script. All but `claim` may be sent twice: a repeat does nothing more."""
        now_us = "" if self._clock is None else _us(self._clock())
        keys, args = [self._key("due")], [now_us, *given]
        pauses_s = None if repeat else NEVER
        return await ask(lambda: self._scripts.run(name, keys, args), pauses_s)


def _delivery(
    delivery_id: str, stored: Mapping[str, str], attempts: Sequence[str], due: float | None
) -> Delivery:
    active = stored["state"] == "waiting" and "fence" in stored
    return Delivery.model_validate(
        {
            "id": delivery_id,
            "kind": stored["kind"],
            "job_id": stored["job"],
            "url": stored["url"],
            "state": "active" if active else stored["state"],
            "created_at": int(stored["created"]) / 1e6,
            "next_at": None if active or due is None else float(due) / 1e6,
            "attempts": [json.loads(attempt) for attempt in attempts],
        }
    )


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
