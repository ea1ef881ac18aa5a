"""Delivering: what is due into attempts, until the process ends.

Any number of processes may do so: a delivery is one's at a time. A process that ends in order gives
back what it was at; one that is killed is found out when its claims run out.
"""

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from service.archive.webhooks.delivery import Attempt
from service.archive.webhooks.guard import Guard
from service.archive.webhooks.schedule import judge
from service.archive.webhooks.sending import Sender
from service.archive.webhooks.signing import Signer
from service.archive.webhooks.store import Claim, WebhookStore
from service.ending import ended
from service.valkey import ValkeyAway

log = logging.getLogger("rialto.webhooks")

PLACES: Final = 32  # attempts at once; most of them wait for an answer
IDLE_S: Final = 2.0  # longest wait for news, so that what falls due meanwhile is seen
AWAY_S: Final = 2.0
CANCEL_S: Final = 0.05
Made = TypeVar("Made")
Running = dict[asyncio.Task[None], Claim]


async def deliver_forever(
    store: WebhookStore, guard: Guard, secrets: Sequence[str], *, idle_s: float = IDLE_S
) -> None:
    """Deliver until cancelled; an outage of Redis is waited out.

    Raises ValueError where a secret cannot be read. Without secrets nothing is delivered, since
    nobody could tell it from a forgery: what is enqueued waits for a process that has some.
    """
    if not secrets:
        log.info("no webhooks are delivered: RIALTO_WEBHOOK_SECRETS names no secret")
        return
    sender = Sender(guard, Signer(secrets))
    running: Running = {}
    try:
        while True:
            try:
                await _round(store, sender, running, idle_s)
            except ValkeyAway as error:
                log.warning("webhooks wait: %s", error.detail)
                await asyncio.sleep(AWAY_S)
    finally:
        await _give_back(store, running)


async def deliver(store: WebhookStore, sender: Sender, claim: Claim) -> None:
    """One attempt, and its record; the record is written even if we are cancelled meanwhile."""
    at, started = time.time(), time.monotonic()
    answer = await sender.send(claim.id, claim.url, claim.body)
    verdict = judge(answer, claim.attempt, random.random())  # noqa: S311 - spreads load only
    attempt = Attempt(
        at=at,
        seconds=round(time.monotonic() - started, 3),
        outcome=verdict.outcome,
        status=answer.status,
        reason=answer.reason,
    )
    if verdict.state in ("failed", "disabled"):
        log.warning("webhook %s is given up: %s", claim.id, answer.reason)
    await _unbroken(store.record(claim, attempt, verdict))


async def _round(store: WebhookStore, sender: Sender, running: Running, idle_s: float) -> None:
    """Start what is due as far as there are places, then wait until there may be more to do."""
    _clear(running)
    if len(running) >= PLACES:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        return

    async def start() -> float:
        claims, next_s = await store.claim(PLACES - len(running))
        for claim in claims:
            running[asyncio.create_task(deliver(store, sender, claim))] = claim
        return 0 if claims else next_s

    wait_s = await _unbroken(start())
    if wait_s > 0:
        await _wait(store, min(wait_s, idle_s))


async def _wait(store: WebhookStore, seconds: float) -> None:
    """Wait for news, and end at once when cancelled, which is why it is a task of its own."""
    waiting = asyncio.create_task(store.wait(seconds), name="wait for webhooks")
    try:
        await asyncio.shield(waiting)
    except asyncio.CancelledError:
        await ended(waiting, CANCEL_S)
        raise


def _clear(running: Running) -> None:
    for task in [task for task in running if task.done()]:
        claim = running.pop(task)
        if (error := task.exception()) is not None:
            log.error("webhook %s is left to its lease", claim.id, exc_info=error)


async def _give_back(store: WebhookStore, running: Running) -> None:
    """Stop attempts and return their claims; those that were recorded have none any more."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for task, claim in running.items():
        if not task.cancelled():
            continue
        try:
            await store.release(claim)
        except ValkeyAway as error:
            log.warning("webhook %s is left to its lease: %s", claim.id, error.detail)


async def _unbroken(work: Coroutine[Any, Any, Made]) -> Made:
    """Its result; a cancellation takes effect only when `work` has ended."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
