"""Leases: photos lent to workers, renewed by heartbeats, and ended by whoever holds them.

A lease's fence is a word that no other lease of the photo has. What is told under another fence
than that in the photo's record is told by somebody who has lost it, and changes nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from service.archive.queue.scripts import Scripted
from service.archive.queue.stored import input_of, spec_of
from service.archive.records import Failure, InputBlob, JobSpec, OutputBlob
from service.valkey import LONG_S, NEVER

TAKEN_MOST = 1000  # by one call, so that the server is never held up for long
REAPED_AT_ONCE = 200
BLOCK_MOST_S = 4.0  # of one command; a client gives up on one that takes longer


@dataclass(frozen=True)
class Lease:
    """A photo lent to a worker. `attempt` counts from 1."""

    job_id: str
    name: str
    fence: str
    attempt: int
    spec: JobSpec = field(compare=False)
    input: InputBlob = field(compare=False)
    trace: str = field(default="", compare=False)  # of the request that brought it


class Reaped(NamedTuple):
    """Photos put back in line: of leases that ran out, and of retries that fell due."""

    leases: int
    retries: int


class Leases(Scripted):
    """What workers and the caretaker call.

    What is told of a lease may be told again, by a repeat of ours or of the caller's: it is
    answered as it was the first time.
    """

    @property
    def lease_s(self) -> float:
        """Seconds after which a photo is free again, unless its lease is renewed."""
        return self._rules.lease_s

    async def take(self, owner: str, limit: int = 1) -> list[Lease]:
        """Lease up to `limit` photos (at most 1000), each of the job whose turn it is."""
        if limit <= 0:
            return []
        fence = uuid4().hex[:16]
        flat = await self._run("take", owner, fence, min(limit, TAKEN_MOST), pauses_s=NEVER)
        leases = []
        for job_id, name, text, spec in zip(*[iter(flat)] * 4, strict=True):
            record = json.loads(text)
            blob = input_of(job_id, record)
            attempt, trace = record["attempts"], record.get("trace", "")
            leases.append(Lease(job_id, name, fence, attempt, spec_of(spec), blob, trace))
        return leases

    async def beat(self, leases: Mapping[Lease, float]) -> list[bool]:
        """Renew leases and note the share 0..1 that is done of each. False: it is lost."""
        given: list[str | float] = []
        for lease, share in leases.items():
            given += [lease.job_id, lease.name, lease.fence, min(max(share, 0.0), 1.0)]
        return [bool(kept) for kept in await self._run("beat", *given)]

    async def done(self, lease: Lease, outputs: tuple[OutputBlob, ...]) -> bool:
        """The photo ends as restored. False: the lease was lost, and nothing has changed."""
        text = "[" + ",".join(output.model_dump_json() for output in outputs) + "]"
        sizes = (
            sum(output.bytes for output in outputs),
            sum(output.width * output.height for output in outputs),
            round(1000 * sum(output.seconds for output in outputs)),
        )
        given = (lease.job_id, lease.name, lease.fence, text, *sizes)
        return bool(await self._run("done", *given, pauses_s=LONG_S))

    async def fail(self, lease: Lease, failure: Failure, *, retry_in_s: float | None) -> bool:
        """The photo waits for another attempt; without one, or after the last, it ends as failed.

        False: the lease was lost, and nothing has changed.
        """
        wait_ms = "" if retry_in_s is None else max(round(retry_in_s * 1000), 0)
        text = failure.model_dump_json()
        given = (lease.job_id, lease.name, lease.fence, text, wait_ms)
        return bool(await self._run("fail", *given, pauses_s=LONG_S))

    async def release(self, lease: Lease) -> bool:
        """Give a photo back: it is its job's next, and the attempt does not count. False: lost."""
        return bool(await self._run("release", lease.job_id, lease.name, lease.fence))

    async def reap(self) -> Reaped:
        """Put expired leases and due retries back in line; returns how many of each.

        A photo whose last attempt ended in silence fails as `poisoned`.
        """
        leases, retries, more = 0, 0, True
        while more:
            expired, due, more = await self._run("reap", REAPED_AT_ONCE)
            leases, retries = leases + expired, retries + due
        return Reaped(leases, retries)

    async def wait_for_work(self, timeout_s: float) -> None:
        """Return when there may be work for one more worker, or after `timeout_s`, at most 4 s."""
        timeout_s = min(max(timeout_s, 0.01), BLOCK_MOST_S)
        await self._send("BLPOP", self._rules.key("wake"), timeout_s, pauses_s=NEVER)
