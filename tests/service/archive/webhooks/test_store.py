import asyncio
import math

import pytest
from redis.asyncio import Redis

from service.archive.webhooks import Attempt, NoSuchDelivery, WebhookStore
from service.archive.webhooks.delivery import Outcome
from service.archive.webhooks.schedule import Verdict
from service.archive.webhooks.store import LEASE_S, Claim
from tests.service.archive.webhooks.receiver import ENDED_AT, Clock, event_of

URL = "https://example.com/hook"
DELIVERED = Verdict("delivered", "delivered")
FAILED, GONE = Verdict("failed", "failed"), Verdict("gone", "disabled")
AGAIN = Verdict("failed", "waiting", 5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(redis: Redis, clock: Clock) -> WebhookStore:
    return WebhookStore(redis, clock=clock)


def attempt(outcome: Outcome = "failed") -> Attempt:
    return Attempt(at=ENDED_AT, seconds=0.1, outcome=outcome)


async def claim_one(store: WebhookStore) -> Claim:
    (claim,), _ = await store.claim(1)
    return claim


async def test_an_event_is_enqueued_once_for_its_id(store: WebhookStore) -> None:
    event = event_of("j1", URL)
    assert [await store.enqueue(event) for _ in range(3)] == [True, False, False]
    claims, next_s = await store.claim(10)
    assert [(claim.id, claim.attempt, claim.body) for claim in claims] == [
        (event.id, 1, event.body)
    ]
    assert next_s == LEASE_S


async def test_nothing_due_means_no_claim_and_no_date(store: WebhookStore) -> None:
    assert await store.claim(10) == ([], math.inf)


async def test_claimers_that_come_together_share_without_overlap(store: WebhookStore) -> None:
    for number in range(60):
        await store.enqueue(event_of(f"j{number}", URL))
    rounds = await asyncio.gather(*(store.claim(7) for _ in range(12)))
    ids = [claim.id for claims, _ in rounds for claim in claims]
    assert len(ids) == len(set(ids)) == 60


async def test_a_claim_not_seen_through_is_anothers_when_its_lease_ends(
    store: WebhookStore, clock: Clock
) -> None:
    await store.enqueue(event_of("j1", URL))
    lost = await claim_one(store)
    assert (await store.claim(1))[0] == []
    clock.now += LEASE_S
    found = await claim_one(store)
    assert (found.id, found.attempt) == (lost.id, 2)
    assert not await store.record(lost, attempt("delivered"), DELIVERED)
    assert not await store.release(lost)
    assert await store.record(found, attempt("delivered"), DELIVERED)
    (delivery,) = await store.list()
    assert [each.outcome for each in delivery.attempts] == ["interrupted", "delivered"]


async def test_a_delivery_that_kills_its_process_each_time_ends_as_failed(
    store: WebhookStore, clock: Clock
) -> None:
    await store.enqueue(event_of("j1", URL))
    for _ in range(10):
        await claim_one(store)
        clock.now += LEASE_S
    assert await store.claim(1) == ([], math.inf)
    (delivery,) = await store.list(failed_only=True)
    assert (delivery.state, len(delivery.attempts)) == ("failed", 10)


async def test_a_released_claim_is_due_at_once_and_its_attempt_does_not_count(
    store: WebhookStore,
) -> None:
    await store.enqueue(event_of("j1", URL))
    assert await store.release(await claim_one(store))
    assert (await claim_one(store)).attempt == 1
    assert (await store.list())[0].attempts == ()


async def test_a_record_whose_answer_was_lost_may_be_sent_again(store: WebhookStore) -> None:
    await store.enqueue(event_of("j1", URL))
    claim = await claim_one(store)
    assert [await store.record(claim, attempt(), AGAIN) for _ in range(2)] == [True, True]
    (delivery,) = await store.list()
    assert len(delivery.attempts) == 1


async def test_a_delivery_shows_how_it_stands(store: WebhookStore, clock: Clock) -> None:
    await store.enqueue(event_of("j1", URL))
    (waiting,) = await store.list("j1")
    claim = await claim_one(store)
    (active,) = await store.list("j1")
    await store.record(claim, attempt(), AGAIN)
    (again,) = await store.list("j1")
    assert (waiting.state, waiting.next_at) == ("waiting", clock.now)
    assert (active.state, active.next_at) == ("active", None)
    assert (again.state, again.next_at) == ("waiting", clock.now + 5)
    assert again.attempts == (attempt(),)
    assert (again.kind, again.url, again.created_at) == ("job.finished", URL, clock.now)


async def test_pages_hold_every_delivery_once_newest_first(store: WebhookStore) -> None:
    ids = [event_of("j1", URL, ENDED_AT + second).id for second in range(10)]
    for second in range(10):
        await store.enqueue(event_of("j1", URL, ENDED_AT + second))
    await store.enqueue(event_of("j2", URL))
    walked, before = [], None
    while page := await store.list("j1", before=before, limit=3):
        walked += [delivery.id for delivery in page]
        before = page[-1].created_at
    assert walked == ids[::-1]
    assert len(await store.list()) == 11


async def test_failed_ones_are_listed_apart_until_they_are_resent(store: WebhookStore) -> None:
    for job_id, verdict in (("j1", FAILED), ("j2", DELIVERED), ("j3", AGAIN)):
        await store.enqueue(event_of(job_id, URL))
        await store.record(await claim_one(store), attempt(), verdict)
    (failed,) = await store.list(failed_only=True)
    assert failed.job_id == "j1"
    assert await store.list("j1", failed_only=True) == [failed]
    assert await store.list("j2", failed_only=True) == []
    await store.resend(failed.id, "j1")
    assert await store.list(failed_only=True) == await store.list("j1", failed_only=True) == []
    resent = await claim_one(store)
    assert (resent.id, resent.attempt) == (failed.id, 1)


async def test_a_delivery_in_the_making_is_not_made_twice_by_resending(store: WebhookStore) -> None:
    event = event_of("j1", URL)
    await store.enqueue(event)
    claim = await claim_one(store)
    await store.resend(event.id)
    assert (await store.claim(1))[0] == []
    assert await store.record(claim, attempt("delivered"), DELIVERED)


async def test_what_was_never_enqueued_or_is_another_jobs_cannot_be_resent(
    store: WebhookStore,
) -> None:
    event = event_of("j1", URL)
    await store.enqueue(event)
    for delivery_id, job_id in (("evt_none", None), (event.id, "j2")):
        with pytest.raises(NoSuchDelivery):
            await store.resend(delivery_id, job_id)


async def test_gone_ends_all_deliveries_of_the_job_to_that_url_and_of_no_other(
    store: WebhookStore,
) -> None:
    for second in range(2):
        await store.enqueue(event_of("j1", URL, ENDED_AT + second))
    await store.record(await claim_one(store), attempt("gone"), GONE)
    await store.enqueue(event_of("j1", URL, ENDED_AT + 2))
    await store.enqueue(event_of("j1", URL + "/new", ENDED_AT + 3))
    await store.enqueue(event_of("j2", URL))
    claims, _ = await store.claim(10)
    assert sorted((claim.url, claim.id[4:6]) for claim in claims) == [
        (URL, "j2"),
        (URL + "/new", "j1"),
    ]
    assert [delivery.state for delivery in await store.list("j1", failed_only=True)] == [
        "disabled"
    ] * 3


async def test_resending_enables_a_gone_endpoint(store: WebhookStore) -> None:
    event = event_of("j1", URL)
    await store.enqueue(event)
    await store.record(await claim_one(store), attempt("gone"), GONE)
    await store.resend(event.id)
    assert (await claim_one(store)).id == event.id
    await store.enqueue(event_of("j1", URL, ENDED_AT + 1))
    assert (await claim_one(store)).attempt == 1


async def test_deliveries_are_forgotten_after_their_retention_and_leave_nothing(
    redis: Redis, clock: Clock
) -> None:
    store = WebhookStore(redis, clock=clock, retention_s=100)
    for number, verdict in enumerate((DELIVERED, FAILED, GONE)):
        await store.enqueue(event_of(f"j{number}", URL))
        await store.record(await claim_one(store), attempt(), verdict)
    clock.now += 99
    await store.claim(1)
    assert len(await store.list()) == 3
    clock.now += 2
    await store.claim(1)
    assert [key async for key in redis.scan_iter()] == ["{rialto}:hooks:wake"]


async def test_a_job_is_forgotten_with_what_was_yet_to_be_told_of_it(
    redis: Redis, store: WebhookStore
) -> None:
    await store.enqueue(event_of("j1", URL))
    await store.enqueue(event_of("j2", URL))
    claims, _ = await store.claim(2)
    await store.forget("j1")
    await store.forget("j1")
    kept = [await store.record(claim, attempt(), FAILED) for claim in claims]
    assert sorted(kept) == [False, True]
    assert [delivery.job_id for delivery in await store.list(failed_only=True)] == ["j2"]
    assert not [key async for key in redis.scan_iter("*j1*")]


async def test_without_a_clock_the_servers_own_counts(redis: Redis) -> None:
    store = WebhookStore(redis)
    await store.enqueue(event_of("j1", URL))
    await store.record(await claim_one(store), attempt(), Verdict("failed", "waiting", 3600))
    _, next_s = await store.claim(1)
    assert 3590 < next_s <= 3600
