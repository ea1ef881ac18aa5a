"""The store: API keys in Redis, for every gateway; made, found, rotated and revoked.

All keys are one hash, id to record, so that a rotation is one atomic write. A revoked key is gone
from it: its next request, on any gateway, is refused.
"""

from collections.abc import Callable
from time import time
from typing import Any

from redis.asyncio import Redis

from service.auth.caller import Limits, Scope
from service.auth.key import ApiKey, split
from service.valkey import ask

LIVE_MOST = 2  # keys of one name at a time: the one that goes and the one that comes


class KeyRefused(ValueError):
    """What was asked of a key cannot be done; the message says why and what to do."""


class KeyStore:
    """Keys by id. Every call raises ValkeyAway where Redis does not answer for some seconds."""

    def __init__(
        self, redis: Redis, prefix: str = "{rialto}:", clock: Callable[[], float] = time
    ) -> None:
        self._redis, self._key, self._clock = redis, prefix + "auth:keys", clock

    async def create(
        self, name: str, scopes: frozenset[Scope], limits: Limits, days: float | None
    ) -> tuple[ApiKey, str]:
        """A new key and its token. Raises KeyRefused where the name has a live key already."""
        if await self._live(name):
            raise KeyRefused(f"{name} has a live key. Rotate it, or revoke it first.")
        key, token = ApiKey.mint(name, scopes, limits, self._clock(), days)
        await self._write(key)
        return key, token

    async def find(self, token: str) -> ApiKey | None:
        """The live key that `token` opens."""
        parts = split(token)
        if parts is None:
            return None
        found: Any = await ask(lambda: self._redis.hget(self._key, parts[0]))
        if found is None:
            return None
        key = ApiKey.model_validate_json(found)
        return key if key.opens(parts[1]) and key.is_live(self._clock()) else None

    async def all(self) -> list[ApiKey]:
        """Every key, expired ones too, by name and age."""
        stored: Any = await ask(lambda: self._redis.hgetall(self._key))
        keys = [ApiKey.model_validate_json(text) for text in stored.values()]
        return sorted(keys, key=lambda key: (key.name, key.created_at))

    async def rotate(
        self, name: str, overlap_s: float, days: float | None
    ) -> tuple[ApiKey, ApiKey, str]:
        """A second key like the first, which ends after `overlap_s`: the old, the new, its token.

        Raises KeyRefused where there is no key of that name, or two already.
        """
        live = await self._live(name)
        if not live:
            raise KeyRefused(f"{name} has no live key. Create one.")
        if len(live) == LIVE_MOST:
            raise KeyRefused(f"{name} has two live keys. Revoke the older one: {live[0].id}.")
        [old], now = live, self._clock()
        new, token = ApiKey.mint(name, old.scopes, old.limits, now, days)
        ends = min(now + overlap_s, old.expires_at or now + overlap_s)
        old = old.model_copy(update={"expires_at": ends})
        await self._write(old, new)
        return old, new, token

    async def revoke(self, name_or_id: str) -> list[ApiKey]:
        """End a key by its id, or every key of a name, at once. Raises KeyRefused: no such one."""
        gone = [key for key in await self.all() if name_or_id in (key.id, key.name)]
        if not gone:
            raise KeyRefused(f"There is no key {name_or_id}.")
        await ask(lambda: self._redis.hdel(self._key, *(key.id for key in gone)))
        return gone

    async def _live(self, name: str) -> list[ApiKey]:
        now = self._clock()
        return [key for key in await self.all() if key.name == name and key.is_live(now)]

    async def _write(self, *keys: ApiKey) -> None:
        flat = [word for key in keys for word in (key.id, key.model_dump_json())]
        await ask(lambda: self._redis.hset(self._key, items=flat))
