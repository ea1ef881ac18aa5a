import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from standardwebhooks import Webhook

from service.archive.webhooks import Guard, WebhookStore, deliver_forever
from service.archive.webhooks.schedule import DELAYS_S
from service.archive.webhooks.store import LEASE_S
from service.valkey import embedded_valkey, open_redis
from tests.service.archive.webhooks.receiver import (
    ENDED_AT,
    SECRET,
    Clock,
    Receiver,
    answering,
    deliver_due,
    event_of,
    receiving,
)

SOON_S = 5.0  # a busy machine's patience; below the idle time that a loop would sleep for
IDLE_S = 8.0
DELIVERER = """
import asyncio, sys
from service.valkey import open_redis
from service.archive.webhooks import Guard, WebhookStore, deliver_forever
url, allowed, secret = sys.argv[1:]
asyncio.run(deliver_forever(WebhookStore(open_redis(url)), Guard([allowed]), [secret]))
"""


class Heard(logging.Handler):
    """Whether the loop has said that it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("webhooks wait"):
            self.heard.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        log = logging.getLogger("rialto.webhooks")
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)


@pytest.fixture
async def endpoint() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@asynccontextmanager
async def delivering(store: WebhookStore, endpoint: Receiver) -> AsyncIterator[None]:
    """A loop in the background, cancelled when the block ends."""
    work = deliver_forever(store, endpoint.guard(), [SECRET], idle_s=IDLE_S)
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_endpoint_that_fails_is_tried_by_the_schedule_and_then_no_more(
    redis: Redis, endpoint: Receiver
) -> None:
    clock = Clock()
    store, sender = WebhookStore(redis, clock=clock), endpoint.sender()
    endpoint.answer = answering(500)
    await store.enqueue(event_of("j1", endpoint.url))
    for delay_s in DELAYS_S:
        clock.now += 0.999 * delay_s
        assert await deliver_due(store, sender) == (0 if delay_s else 1)
        clock.now += 0.102 * delay_s
        assert await deliver_due(store, sender) == (1 if delay_s else 0)
    clock.now += 7 * 86_400
    assert await deliver_due(store, sender) == 0
    (failed,) = await store.list(failed_only=True)
    assert [(each.outcome, each.status) for each in failed.attempts] == [("failed", 500)] * 10
    sent = [endpoint.requests.get_nowait() for _ in range(10)]
    assert {received.headers["webhook-id"] for received in sent} == {failed.id}
    assert len({received.body for received in sent}) == 1


async def test_retry_after_is_waited_for(redis: Redis, endpoint: Receiver) -> None:
    clock = Clock()
    store, sender = WebhookStore(redis, clock=clock), endpoint.sender()
    endpoint.answer = answering(429, "Retry-After: 3600")
    await store.enqueue(event_of("j1", endpoint.url))
    await deliver_due(store, sender)
    endpoint.answer = answering(200)
    clock.now += 3599
    assert await deliver_due(store, sender) == 0
    clock.now += 2
    assert await deliver_due(store, sender) == 1
    assert (await store.list())[0].state == "delivered"


async def test_gone_disables_the_endpoint(redis: Redis, endpoint: Receiver) -> None:
    store = WebhookStore(redis)
    endpoint.answer = answering(410)
    await store.enqueue(event_of("j1", endpoint.url))
    await deliver_due(store, endpoint.sender())
    await store.enqueue(event_of("j1", endpoint.url, ENDED_AT + 1))
    assert await deliver_due(store, endpoint.sender()) == 0
    assert [each.state for each in await store.list("j1")] == ["disabled", "disabled"]
    assert endpoint.requests.qsize() == 1


async def test_a_url_that_leads_inside_by_now_is_not_gone_to(
    redis: Redis, endpoint: Receiver
) -> None:
    """It may have passed the guard when the job was opened."""
    store = WebhookStore(redis)
    await store.enqueue(event_of("j1", endpoint.url))
    sender = Receiver(port=1).sender()
    await deliver_due(store, sender)
    assert endpoint.requests.empty()
    (delivery,) = await store.list()
    assert "RIALTO_WEBHOOK_HOSTS" in delivery.attempts[0].reason


async def test_the_loop_delivers_what_is_enqueued_while_it_sleeps(
    redis: Redis, endpoint: Receiver
) -> None:
    store = WebhookStore(redis)
    async with delivering(store, endpoint):
        for second in range(3):
            await store.enqueue(event_of("j1", endpoint.url, ENDED_AT + second))
            received = await asyncio.wait_for(endpoint.requests.get(), SOON_S)
            assert Webhook(SECRET).verify(received.body, received.headers)["data"]["id"] == "j1"


async def test_a_slow_endpoint_holds_up_no_other(redis: Redis, endpoint: Receiver) -> None:
    store = WebhookStore(redis)
    endpoint.answer = endpoint.silent
    await store.enqueue(event_of("j1", endpoint.url))
    async with delivering(store, endpoint):
        await asyncio.wait_for(endpoint.requests.get(), SOON_S)
        endpoint.answer = answering(200)
        await store.enqueue(event_of("j2", endpoint.url))
        received = await asyncio.wait_for(endpoint.requests.get(), SOON_S)
        assert "_j2_" in received.headers["webhook-id"]


async def test_a_loop_that_is_ended_gives_back_what_it_was_at(
    redis: Redis, endpoint: Receiver
) -> None:
    store = WebhookStore(redis)
    endpoint.answer = endpoint.silent
    event = event_of("j1", endpoint.url)
    await store.enqueue(event)
    async with delivering(store, endpoint):
        await asyncio.wait_for(endpoint.requests.get(), SOON_S)
    (delivery,) = await store.list()
    assert (delivery.state, delivery.attempts) == ("waiting", ())
    (claim,), _ = await store.claim(1)
    assert (claim.id, claim.attempt) == (event.id, 1)


async def test_a_loop_ended_at_any_moment_loses_no_claim(redis: Redis, endpoint: Receiver) -> None:
    """Cancelled after 0, 1, 2 ... turns of the loop: what was taken is given back or recorded."""
    store = WebhookStore(redis)
    for turns in range(40):
        await store.enqueue(event_of(f"j{turns}", endpoint.url))
        async with delivering(store, endpoint):
            for _ in range(turns):
                await asyncio.sleep(0)
        assert not [each for each in await store.list() if each.state == "active"]
    await deliver_due(store, endpoint.sender())
    assert {each.state for each in await store.list()} == {"delivered"}


async def test_a_delivery_whose_process_was_killed_is_made_again_under_the_same_id(
    redis: Redis, valkey_url: str, endpoint: Receiver
) -> None:
    endpoint.answer = endpoint.silent
    event = event_of("j1", endpoint.url)
    await WebhookStore(redis).enqueue(event)
    allowed = f"127.0.0.1:{endpoint.port}"
    command = [sys.executable, "-c", DELIVERER, valkey_url, allowed, SECRET]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        killed = await asyncio.wait_for(endpoint.requests.get(), 30)
    finally:
        process.kill()
        await process.wait()
    endpoint.answer = answering(200)
    later = WebhookStore(redis, clock=lambda: time.time() + LEASE_S)
    assert await deliver_due(later, endpoint.sender()) == 1
    again = endpoint.requests.get_nowait()
    assert again.headers["webhook-id"] == killed.headers["webhook-id"] == event.id
    assert again.body == killed.body == event.body
    (delivery,) = await later.list()
    assert [each.outcome for each in delivery.attempts] == ["interrupted", "delivered"]


async def test_an_outage_of_redis_is_waited_out(endpoint: Receiver, tmp_path: Path) -> None:
    waits = Heard()
    async with open_redis(f"unix://{tmp_path}/valkey.sock") as redis:
        store = WebhookStore(redis)
        async with waits.listening(), delivering(store, endpoint):
            await asyncio.wait_for(waits.heard.wait(), SOON_S)
            async with embedded_valkey(tmp_path):
                await store.enqueue(event_of("j1", endpoint.url))
                assert await asyncio.wait_for(endpoint.requests.get(), SOON_S)


async def test_without_secrets_nothing_is_delivered_and_nothing_lost(
    redis: Redis, endpoint: Receiver
) -> None:
    store = WebhookStore(redis)
    await store.enqueue(event_of("j1", endpoint.url))
    await deliver_forever(store, endpoint.guard(), [])
    assert endpoint.requests.empty()
    assert (await store.list())[0].state == "waiting"


async def test_a_secret_that_is_none_is_found_at_the_start(redis: Redis) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        await deliver_forever(WebhookStore(redis), Guard(), ["secret"])
