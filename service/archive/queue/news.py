"""News of a job: what happened to it and its photos, kept long enough to be read after a pause."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from service.archive.queue.scripts import Rules, Scripted
from service.valkey import NEVER

READ_AT_ONCE = 500
BLOCK_MOST_S = 4.0
WATCHERS = 64  # that hold a connection each while nothing happens; others look now and then


@dataclass(frozen=True)
class Event:
    """One event. Its id grows, and serves as Last-Event-ID.

    opened, paused, resumed, closed   {}
    cancelled   {"cancelled": photos}
    restored    {"name"}
    failed      {"name", "slug"}
    retried     {"name", "slug", "attempts"} before a further attempt, {"count"} by retry_failed
    finished    {"restored": photos, "failed": photos}
    """

    id: str
    kind: str
    data: dict[str, Any]


class News(Scripted):
    """What watchers of a job call."""

    def __init__(self, redis: Redis, rules: Rules) -> None:
        super().__init__(redis, rules)
        self._watchers = asyncio.Semaphore(WATCHERS)

    async def events(self, job_id: str, after: str = "0", block_s: float = 0) -> list[Event]:
        """Events after the one of id `after`, the oldest 500; waits for one up to `block_s`."""
        found = await self._events_after(job_id, after)
        if found or block_s <= 0:
            return found
        try:
            async with asyncio.timeout(block_s):
                await self._happens(job_id, after)
        except TimeoutError:
            return []
        return await self._events_after(job_id, after)

    async def _events_after(self, job_id: str, after: str) -> list[Event]:
        key = self._rules.key("job", job_id, "events")
        found = await self._send("XRANGE", key, f"({after}", "+", "COUNT", READ_AT_ONCE)
        return [Event(key, fields["kind"], json.loads(fields["data"])) for key, fields in found]

    async def _happens(self, job_id: str, after: str) -> None:
        key = self._rules.key("job", job_id, "events")
        block_ms = int(BLOCK_MOST_S * 1000)
        async with self._watchers:
            command = ("XREAD", "COUNT", 1, "BLOCK", block_ms, "STREAMS", key, after)
            while not await self._send(*command, pauses_s=NEVER):
                pass
