"""The queue against its model: any moves in any order, by living and dead workers, on a server."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from service.archive.queue import JobClosed, JobEnded, Lease, NoSuchJob, Queue
from service.archive.records import Failure, JobCounts
from service.valkey import open_redis
from tests.service.archive.queue.making import photo, run_out, spec
from tests.service.archive.queue.model import ModelJob, ModelPhoto

Answer = TypeVar("Answer")
CAP, MOST = 2, 2
FAILURE = Failure(slug="x", detail="y")
NAMES = st.sampled_from(["a", "b", "c", "A", "d/ü"])
P = "{rialto}:"


class QueueMachine(RuleBasedStateMachine):
    """Each rule makes one move on the server and on the model, and compares the answers."""

    jobs = Bundle("jobs")
    leases = Bundle("leases")
    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.redis = open_redis(self.url)
        self.queue = Queue(self.redis, lease_s=3600, max_attempts=MOST, cap=CAP)
        self.model: dict[str, ModelJob] = {}
        self.run(self.redis.flushall())

    def run(self, call: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(call)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    def refuses(self, call: Coroutine[Any, Any, object], problem: type[Exception]) -> None:
        with pytest.raises(problem):
            self.run(call)

    # Jobs

    @initialize(target=jobs)
    def begin(self) -> Any:
        return multiple(self.open("normal"), self.open("low"))

    @rule(target=jobs, priority=st.sampled_from(["low", "normal", "high"]))
    def open(self, priority: Any) -> str:
        job = self.run(self.queue.open_job(spec(priority)))
        self.model[job.id] = ModelJob()
        return job.id

    @rule(job_id=jobs, name=NAMES, data=st.sampled_from([b"1", b"2"]))
    def add(self, job_id: str, name: str, data: bytes) -> None:
        call = self.queue.add(job_id, [photo(job_id, name, data)])
        job = self.model[job_id]
        if name in job.photos:
            same = job.photos[name].data == data
            assert self.run(call) == ["same" if same else "other-bytes"]
        elif name.swapcase() in job.photos:
            assert self.run(call) == ["collides"]
        elif job.ended or job.closed:
            self.refuses(call, JobEnded if job.ended else JobClosed)
        else:
            assert self.run(call) == ["new"]
            job.photos[name] = ModelPhoto(data)
            job.line.append(name)

    @rule(job_id=jobs)
    def close(self, job_id: str) -> None:
        job = self.model[job_id]
        if job.cancelled:
            return self.refuses(self.queue.close_job(job_id), JobEnded)
        self.run(self.queue.close_job(job_id))
        job.closed = True
        return job.settle()

    @rule(job_id=jobs, paused=st.booleans())
    def pause_or_resume(self, job_id: str, paused: bool) -> None:
        job = self.model[job_id]
        call = (self.queue.pause if paused else self.queue.resume)(job_id)
        if job.ended:
            return self.refuses(call, JobEnded)
        self.run(call)
        job.paused = paused
        return None

    @rule(job_id=jobs)
    def retry_failed(self, job_id: str) -> None:
        job = self.model[job_id]
        if job.cancelled:
            return self.refuses(self.queue.retry_failed(job_id), JobEnded)
        failed = job.names("failed")
        assert self.run(self.queue.retry_failed(job_id)) == len(failed)
        line = self.run(self.redis.lrange(f"{P}job:{job_id}:line", -len(failed), -1))
        for name in line if failed else []:  # their order is the server's choice
            failed.remove(name)
            job.photos[name] = ModelPhoto(job.photos[name].data)
            job.line_up(name)
            job.finished = False
        assert not failed
        return None

    @rule(job_id=jobs, really=st.integers(0, 3))
    def cancel(self, job_id: str, really: int) -> None:
        job = self.model[job_id]
        if job.finished:
            return self.refuses(self.queue.cancel(job_id), JobEnded)
        if really == 0:
            self.run(self.queue.cancel(job_id))
            job.cancel()
        return None

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: str) -> None:
        self.run(self.queue.delete(job_id))
        self.model.pop(job_id, None)
        self.refuses(self.queue.job(job_id), NoSuchJob)

    # Workers; a lease stays in the bundle when it is lost, and its holder goes on as a zombie

    @rule(target=leases, worker=st.sampled_from(["w1", "w2"]), limit=st.integers(1, 3))
    def take(self, worker: str, limit: int) -> Any:
        leases = self.run(self.queue.take(worker, limit))
        for lease in leases:
            job = self.model[lease.job_id]
            assert job.lends(CAP)
            job.taken(lease.name, lease.fence)
            assert lease.attempt == job.photos[lease.name].attempts
        assert len(leases) == limit or not any(job.lends(CAP) for job in self.model.values())
        return multiple(*leases)

    def held(self, lease: Lease) -> tuple[ModelJob, ModelPhoto] | None:
        """The job and photo of a lease that is not lost."""
        job = self.model.get(lease.job_id)
        if job is None or job.ended or not job.photos[lease.name].is_held_by(lease.fence):
            return None
        return job, job.photos[lease.name]

    def repeats(self, lease: Lease, *states: str) -> bool:
        """Whether the holder tells again what it has told before."""
        job = self.model.get(lease.job_id)
        photo = job.photos[lease.name] if job else None
        return photo is not None and photo.fence == lease.fence and photo.state in states

    @rule(lease=leases, share=st.floats(0, 1))
    def beat(self, lease: Lease, share: float) -> None:
        held = self.held(lease)
        assert self.run(self.queue.beat({lease: share})) == [held is not None]
        if held:
            record = self.run(self.queue.photo(lease.job_id, lease.name))
            assert record.progress == pytest.approx(share)

    @rule(lease=leases)
    def done(self, lease: Lease) -> None:
        held = self.held(lease)
        expected = held is not None or self.repeats(lease, "restored")
        assert self.run(self.queue.done(lease, ())) == expected
        if held:
            held[0].ends(lease.name, "restored")

    @rule(lease=leases, retry_in_s=st.sampled_from([None, 3600.0]))
    def fail(self, lease: Lease, retry_in_s: float | None) -> None:
        held = self.held(lease)
        expected = held is not None or self.repeats(lease, "failed", "delayed")
        assert self.run(self.queue.fail(lease, FAILURE, retry_in_s=retry_in_s)) == expected
        if held:
            job, photo = held
            final = retry_in_s is None or photo.attempts >= MOST
            job.ends(lease.name, "failed" if final else "delayed")

    @rule(lease=leases)
    def release(self, lease: Lease) -> None:
        held = self.held(lease)
        expected = held is not None or self.repeats(lease, "waiting")
        assert self.run(self.queue.release(lease)) == expected
        if held:
            job, photo = held
            photo.attempts -= 1
            job.line_up(lease.name, at_front=True)

    # Time

    @rule(lease=leases, place=st.sampled_from(["leases", "due"]))
    def run_out(self, lease: Lease, place: str) -> None:
        """The photo's lease, whoever has it by now, or its wait runs out."""
        self.run(run_out(self.redis, lease, place))
        job = self.model.get(lease.job_id)
        state = "active" if place == "leases" else "delayed"
        if job is None or job.ended or job.photos[lease.name].state != state:
            assert self.run(self.queue.reap()) == (0, 0)
            return
        assert self.run(self.queue.reap()) == ((1, 0) if state == "active" else (0, 1))
        photo = job.photos[lease.name]
        photo.fence = ""
        if state == "active" and photo.attempts >= MOST:
            job.ends(lease.name, "failed")
        else:
            job.line_up(lease.name)

    @rule(job_id=jobs)
    def mend(self, job_id: str) -> None:
        assert self.run(self.queue.mend(job_id)) == 0

    # What must hold after each move

    @invariant()
    def jobs_are_as_the_model_says(self) -> None:
        for job in self.run(self.queue.jobs()):
            model = self.model[job.id]
            assert job.counts == JobCounts(**model.counts())
            assert (job.state == "finished") == model.finished
            assert (job.state == "cancelled") == model.cancelled
            photos, _ = self.run(self.queue.photos(job.id))
            found = {photo.name: (photo.state, photo.attempts) for photo in photos}
            assert len(photos) == len(found)
            assert found == {
                name: (model.shown(name), photo.attempts) for name, photo in model.photos.items()
            }

    @invariant()
    def every_photo_is_in_exactly_its_place(self) -> None:
        leases, due = (self.run(self.redis.zrange(P + key, 0, -1)) for key in ("leases", "due"))
        ring = self.run(self.redis.zrange(f"{P}ring", 0, -1))
        assert set(ring) == {job_id for job_id, job in self.model.items() if job.lends(CAP)}
        for job_id, model in self.model.items():
            line = self.run(self.redis.lrange(f"{P}job:{job_id}:line", 0, -1))
            failed = self.run(self.redis.smembers(f"{P}job:{job_id}:failed"))
            assert failed == model.names("failed")
            assert line == model.line
            if not model.cancelled:  # its leases and waits are left to run out
                assert {f"{job_id}/{name}" for name in model.names("active")} == of(job_id, leases)
                assert {f"{job_id}/{name}" for name in model.names("delayed")} == of(job_id, due)

    @invariant()
    def endings_are_told_once(self) -> None:
        for job_id, model in self.model.items():
            kinds = [event.kind for event in self.run(self.queue.events(job_id))]
            assert kinds.count("finished") == model.endings
            assert kinds.count("restored") == model.restored
            assert kinds.count("cancelled") == model.cancelled


def of(job_id: str, members: list[str]) -> set[str]:
    return {member for member in members if member.startswith(f"{job_id}/")}


def run_machine(url: str, examples: int, steps: int) -> None:
    machine = type("Machine", (QueueMachine,), {"url": url})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_queue_does_what_its_model_does(valkey_url: str) -> None:
    run_machine(valkey_url, examples=30, steps=40)


@pytest.mark.long
def test_the_queue_does_what_its_model_does_for_long(valkey_url: str) -> None:
    run_machine(valkey_url, examples=300, steps=60)
