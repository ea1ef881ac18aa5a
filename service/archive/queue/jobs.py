"""Jobs: opened, steered, listed, deleted."""

from collections.abc import Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from service.archive.backlog import Backlog, backlog_of
from service.archive.queue.refusals import IdempotencyMismatch, NoSuchJob, refusal
from service.archive.queue.scripts import Scripted
from service.archive.queue.stored import WEIGHTS, job_of
from service.archive.records import Failure, Job, JobSpec
from service.valkey import NEVER

RETRIED_AT_ONCE = 1000
LISTED_AT_ONCE = 1000


class Jobs(Scripted):
    """What concerns a job as a whole. Every call with an id raises NoSuchJob."""

    async def open_job(
        self, spec: JobSpec, idempotency_key: str | None = None, owner: str = ""
    ) -> Job:
        """Open a job; the same key of the same owner with the same spec opens it once.

        Raises IdempotencyMismatch where the key came with another spec.
        """
        key = idempotency_key or ""
        if owner and key:  # a token's subject may hold a slash: no two owners' keys may meet
            key = f"{quote(owner, safe=':')}/{key}"
        given = (spec.model_dump_json(), WEIGHTS[spec.priority], key)
        job_id = await self._run("open", uuid4().hex, *given)
        if owner:
            await self._send("HSETNX", self._rules.key("job", job_id), "owner", owner)
        job = await self.job(job_id)
        if job.spec != spec:
            raise IdempotencyMismatch(f"It opened job {job.id}. Use a new key for another job.")
        return job

    async def job(self, job_id: str) -> Job:
        """A job as it stands."""
        return job_of(job_id, await self._stored(job_id))

    async def owner(self, job_id: str) -> str:
        """Who opened a job; empty: somebody without a name, or nobody."""
        return await self._send("HGET", self._rules.key("job", job_id), "owner") or ""

    async def jobs_of(self, owner: str, before: float | None, limit: int) -> list[Job]:
        """As `jobs`, of one owner. All jobs are looked through, which are few beside photos."""
        found = list[Job]()
        while page := await self.jobs(before, LISTED_AT_ONCE):
            found += [job for job in page if job.owner == owner]
            if len(found) >= limit:
                break
            before = page[-1].created_at
        return found[:limit]

    async def jobs(self, before: float | None = None, limit: int = 50) -> list[Job]:
        """Jobs opened before a time in seconds, newest first. No two are opened at one time."""
        before_ms = "+inf" if before is None else round(before * 1000)
        found = await self._run("jobs", before_ms, limit)
        return [job_of(job_id, _paired(fields)) for job_id, fields in found]

    async def close_job(self, job_id: str) -> Job:
        """Say that all photos were sent; twice is once. Raises JobEnded of a cancelled job."""
        return await self._steer("close", job_id)

    async def pause(self, job_id: str) -> Job:
        """Lend no more of its photos; those in work end. Raises JobEnded."""
        return await self._steer("pause", job_id)

    async def resume(self, job_id: str) -> Job:
        """Go on after a pause. Raises JobEnded."""
        return await self._steer("resume", job_id)

    async def cancel(self, job_id: str) -> Job:
        """Cancel what has not ended; twice is once. Raises JobEnded of a finished job."""
        return await self._steer("cancel", job_id)

    async def retry_failed(self, job_id: str) -> int:
        """Put failed photos in line again, as new; returns how many. A finished job runs again.

        Raises JobEnded of a cancelled job.
        """
        retried = 0
        while some := await self._run("retry_failed", job_id, RETRIED_AT_ONCE):
            retried += some
        return retried

    async def delete(self, job_id: str) -> None:
        """Forget a job and all its photos; twice is once. Its blobs are not the queue's."""
        await self._run("delete", job_id)

    async def untold(self, limit: int = 100) -> list[Job]:
        """Jobs that have ended and of whose end nobody was told yet (`told`)."""
        ids = await self._send("SRANDMEMBER", self._rules.key("untold"), limit)
        jobs = []
        for job_id in ids:
            try:
                jobs.append(await self.job(job_id))
            except NoSuchJob:  # deleted just now
                continue
        return jobs

    async def is_untold(self, job_id: str) -> bool:
        """Whether a job has ended and nobody was told yet."""
        return bool(await self._send("SISMEMBER", self._rules.key("untold"), job_id))

    async def told(self, job: Job, failure: Failure | None = None) -> None:
        """Note that whoever wants to know of this end of the job has been told.

        failure   why its bag is not where the job asked for it
        """
        ended_ms = "" if job.ended_at is None else round(job.ended_at * 1000)
        why = "" if failure is None else failure.model_dump_json()
        await self._run("told", job.id, ended_ms, why)

    async def backlog(self, fresh_s: float = 0) -> Backlog:
        """Of all jobs together; one of many looks, and for `fresh_s` others read what it saw."""
        key = self._rules.key("backlog")
        looks = not fresh_s or await self.my_turn("backlog", fresh_s)
        if not looks and (seen := await self._send("GET", key)):
            return Backlog.model_validate_json(seen)
        jobs, before = list[Job](), None
        while page := await self.jobs(before, LISTED_AT_ONCE):
            jobs += page
            before = page[-1].created_at
        found = backlog_of(jobs)
        await self._send("SET", key, found.model_dump_json())
        return found

    async def my_turn(self, name: str, seconds: float) -> bool:
        """Whether nobody has had this turn in the last `seconds`: a round for one of many."""
        key = self._rules.key("turn", name)
        given = ("SET", key, "1", "NX", "PX", max(round(seconds * 1000), 1))
        return await self._send(*given, pauses_s=NEVER) is not None

    async def keep_turn(self, name: str, seconds: float) -> None:
        """Have a turn for `seconds` more, unless it has run out."""
        key = self._rules.key("turn", name)
        await self._send("PEXPIRE", key, max(round(seconds * 1000), 1))

    async def give_turn_back(self, name: str) -> None:
        """Let the next who asks have the turn at once."""
        await self._send("DEL", self._rules.key("turn", name))

    async def _steer(self, script: str, job_id: str) -> Job:
        await self._run(script, job_id)
        return await self.job(job_id)

    async def _stored(self, job_id: str) -> Mapping[str, str]:
        stored: Mapping[str, str] = await self._send("HGETALL", self._rules.key("job", job_id))
        if not stored:
            raise refusal(NoSuchJob.slug)
        return stored


def _paired(fields: list[Any]) -> dict[str, str]:
    return dict(zip(islice(fields, 0, None, 2), islice(fields, 1, None, 2), strict=True))
