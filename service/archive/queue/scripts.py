"""Scripts: a plain name and its arguments into one atomic move on the server, and its answer.

All of them may be sent twice, since a repeat does nothing and answers the same; only `take` leases
other photos, which run out if nobody has them.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from service.archive.queue.refusals import refusal
from service.valkey import Scripts, Word, ask

# A server that is out of memory refuses the whole of a script, but for these.
FLAGS = {"cancel": "allow-oom", "delete": "allow-oom", "jobs": "no-writes"}
REFUSED = "REFUSED "
BLOCKING = ("blpop", "xread")  # they wait for news: their time says nothing of the server


@dataclass(frozen=True)
class Rules:
    """What every script is told: places, lease and attempts, and what all keys begin with."""

    prefix: str
    cap: int
    lease_s: float
    max_attempts: int

    def key(self, *parts: str) -> str:
        """A key: of the whole queue, or as ("job", id, part) of one job."""
        return self.prefix + ":".join(parts)


class Scripted:
    """A client of the server's side of the queue: its scripts, and its keys."""

    def __init__(self, redis: Redis, rules: Rules) -> None:
        self._redis, self._rules = redis, rules
        self._observe: Callable[[str, float], None] = lambda _command, _seconds: None
        self._scripts = Scripts(redis, "service.archive.queue", FLAGS)
        self._keys = [rules.key("jobs")]
        self._head = (rules.cap, round(rules.lease_s * 1000), rules.max_attempts)

    async def _run(self, name: str, *given: Word, pauses_s: tuple[float, ...] | None = None) -> Any:
        """Run the script `name`, again after each pause while there is no answer.

        Raises the problem that the script refuses with, or ValkeyAway.
        """
        args = (*self._head, *given)
        try:
            return await ask(
                lambda: self._timed(name, self._scripts.run(name, self._keys, args)), pauses_s
            )
        except ResponseError as error:
            if not str(error).startswith(REFUSED):
                raise
            raise refusal(str(error).removeprefix(REFUSED)) from error

    async def _send(self, *command: Word, pauses_s: tuple[float, ...] | None = None) -> Any:
        """Send one plain, idempotent command, as `_run` does. Raises ValkeyAway."""
        called = str(command[0]).lower()
        return await ask(
            lambda: self._timed(called, self._redis.execute_command(*command)),  # type: ignore[no-untyped-call]
            pauses_s,
        )

    async def _timed(self, called: str, answer: Awaitable[Any]) -> Any:
        start = time.perf_counter()
        given = await answer
        if called not in BLOCKING:
            self._observe(called, time.perf_counter() - start)
        return given
