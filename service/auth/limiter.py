"""The limiter: a caller's requests in the last window and in flight, counted over all gateways.

The window slides: no `requests + 1` fall into any stretch of `seconds`. A request in flight is held
by a lease that its gateway renews, so that a gateway that is killed leaves no place taken for long.
The fields are those of draft-ietf-httpapi-ratelimit-headers (RateLimit-Policy and RateLimit).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, Literal
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from service.archive.queue.refusals import QueueAway
from service.archive.queue.scripts import ask
from service.auth.caller import Caller, Limits

LEASE_S = 30.0
NONE: tuple[float, ...] = ()


@dataclass(frozen=True)
class Admission:
    """How a request was counted: requests and places that are left, seconds until one comes."""

    word: Literal["ok", "rate", "in-flight"]
    remaining: int
    wait_s: int
    places: int

    def fields(self, limits: Limits) -> dict[str, str]:
        """The header fields that tell a caller where they stand."""
        policy, state = [], []
        if limits.requests:
            policy.append(f'"requests";q={limits.requests};w={limits.seconds}')
            state.append(f'"requests";r={self.remaining};t={self.wait_s}')
        if limits.in_flight:
            policy.append(f'"in-flight";q={limits.in_flight};qu="concurrent-requests"')
            state.append(f'"in-flight";r={self.places}')
        if not policy:
            return {}
        return {"RateLimit-Policy": ", ".join(policy), "RateLimit": ", ".join(state)}


class Limiter:
    """Counts the requests of callers. `run` renews the leases of those in flight here."""

    def __init__(self, redis: Redis, prefix: str = "{rialto}:", lease_s: float = LEASE_S) -> None:
        self._redis, self._prefix, self._lease_s = redis, prefix + "auth:", lease_s
        self._flying: dict[str, str] = {}

    @asynccontextmanager
    async def counted(self, caller: Caller) -> AsyncIterator[Admission]:
        """Count a request in, unless it is one too many, and out at the end. Raises QueueAway."""
        request = uuid4().hex
        flying = f"{self._prefix}flying:{caller.name}"
        admission = await self._admit(caller, request, flying)
        if admission.word != "ok" or not caller.limits.in_flight:
            yield admission
            return
        self._flying[request] = flying
        try:
            yield admission
        finally:
            del self._flying[request]
            await asyncio.shield(self._leave(flying, request))

    async def run(self) -> None:
        """Renew leases until cancelled; an outage is waited out."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            if self._flying:
                try:
                    await ask(self._renew, NONE)
                except QueueAway:
                    continue

    async def _admit(self, caller: Caller, request: str, flying: str) -> Admission:
        limits = caller.limits
        recent = f"{self._prefix}recent:{caller.name}"
        given = (limits.requests, limits.seconds * 1000, limits.in_flight, _ms(self._lease_s))

        async def evaluate() -> Any:
            command = ("EVALSHA", _digest(), 2, recent, flying, request, *given)
            try:
                return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
            except NoScriptError:
                await self._redis.script_load(_source())
                return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]

        word, remaining, wait_ms, places = await ask(evaluate)
        return Admission(word, int(remaining), ceil(float(wait_ms) / 1000), int(places))

    async def _leave(self, flying: str, request: str) -> None:
        try:
            await ask(lambda: self._redis.zrem(flying, request), NONE)
        except QueueAway:  # the lease runs out
            return

    async def _renew(self) -> None:
        seconds, micros = await self._redis.time()
        ends = seconds * 1000 + micros // 1000 + _ms(self._lease_s)
        async with self._redis.pipeline(transaction=False) as pipe:
            for request, flying in self._flying.items():
                pipe.zadd(flying, {request: ends}, xx=True)
                pipe.pexpire(flying, _ms(self._lease_s))
            await pipe.execute()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


@cache
def _source() -> str:
    return (files("service.auth") / "lua" / "admit.lua").read_text()


@cache
def _digest() -> str:
    return hashlib.sha1(_source().encode(), usedforsecurity=False).hexdigest()
