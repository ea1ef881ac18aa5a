"""The limiter: a caller's requests in the last window and in flight, counted over all gateways.

The window slides: no `requests + 1` fall into any stretch of `seconds`. A request in flight is held
by a lease that its gateway renews, so that a gateway that is killed leaves no place taken for long.
The fields are those of draft-ietf-httpapi-ratelimit-headers-11 (RateLimit-Policy and RateLimit).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from typing import Literal
from uuid import uuid4

from redis.asyncio import Redis

from service.auth.caller import Caller, Limits
from service.valkey import NEVER, Scripts, ValkeyAway, ask

LEASE_S = 30.0


@dataclass(frozen=True)
class Admission:
    """How a request was counted: requests and places that are left, seconds until one comes."""

    word: Literal["ok", "rate", "in-flight"]
    remaining: int
    wait_s: int
    places: int

    def fields(self, limits: Limits) -> dict[str, str]:
        """The header fields that tell a caller where they stand."""
        policy, state = dict[str, str](), dict[str, str]()
        if limits.requests:
            policy["requests"] = f"q={limits.requests};w={limits.seconds}"
            state["requests"] = f"r={self.remaining};t={self.wait_s}"
        if limits.in_flight:
            policy["in-flight"] = f'q={limits.in_flight};qu="concurrent-requests"'
            state["in-flight"] = f"r={self.places}"
        if self.violated:  # Retry-After must not lie before the end of a window that is told
            state = {self.violated: state[self.violated]}
        if not policy:
            return {}
        return {"RateLimit-Policy": _list_of(policy), "RateLimit": _list_of(state)}

    @property
    def violated(self) -> str | None:
        """The policy for which a request was refused."""
        return {"ok": None, "rate": "requests", "in-flight": "in-flight"}[self.word]


class Limiter:
    """Counts the requests of callers. `run` renews the leases of those in flight here."""

    def __init__(self, redis: Redis, prefix: str = "{rialto}:", lease_s: float = LEASE_S) -> None:
        self._redis, self._prefix, self._lease_s = redis, prefix + "auth:", lease_s
        self._scripts = Scripts(redis, "service.auth")
        self._flying: dict[str, str] = {}

    @asynccontextmanager
    async def counted(self, caller: Caller) -> AsyncIterator[Admission]:
        """Count a request in, unless it is one too many, and out at the end. Raises ValkeyAway."""
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
                    await ask(self._renew, NEVER)
                except ValkeyAway:
                    continue

    async def _admit(self, caller: Caller, request: str, flying: str) -> Admission:
        limits = caller.limits
        recent = f"{self._prefix}recent:{caller.name}"
        quota = (limits.requests, limits.seconds * 1000, limits.in_flight)
        given = (request, *quota, _ms(self._lease_s))
        word, remaining, wait_ms, places = await ask(
            lambda: self._scripts.run("admit", [recent, flying], given)
        )
        return Admission(word, int(remaining), ceil(float(wait_ms) / 1000), int(places))

    async def _leave(self, flying: str, request: str) -> None:
        try:
            await ask(lambda: self._redis.zrem(flying, request), NEVER)
        except ValkeyAway:  # the lease runs out
            return

    async def _renew(self) -> None:
        seconds, micros = await self._redis.time()
        ends = seconds * 1000 + micros // 1000 + _ms(self._lease_s)
        async with self._redis.pipeline(transaction=False) as pipe:
            for request, flying in self._flying.items():
                pipe.zadd(flying, {request: ends}, xx=True)
                pipe.pexpire(flying, _ms(self._lease_s))
            await pipe.execute()


def _list_of(items: Mapping[str, str]) -> str:
    """A list of strings with parameters, as structured fields write it (RFC 9651)."""
    return ", ".join(f'"{name}";{parameters}' for name, parameters in items.items())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
