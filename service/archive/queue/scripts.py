"""Scripts: a plain name and its arguments into one atomic move on the server, and its answer.

A script is loaded once and called by its hash. All of them may be sent twice, since a repeat does
nothing and answers the same; only `take` leases other photos, which run out if nobody has them.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.archive.queue.refusals import QueueAway, refusal

Answer = TypeVar("Answer")
Word = str | int | float

# A server that is out of memory refuses the whole of a script, but for these.
FLAGS = {"cancel": "allow-oom", "delete": "allow-oom", "jobs": "no-writes"}
# Seconds before each repeat. A server of our own is back within the first second; what a worker has
# to tell may have taken an hour to make, and is worth waiting out a failover for.
NEVER: tuple[float, ...] = ()
PAUSES_S: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
LONG_S = (*PAUSES_S, *[2.0] * 8)
REFUSED = "REFUSED "
BLOCKING = ("BLPOP", "XREAD")  # they wait for news: their time says nothing of the server
UNWRITABLE = ("MISCONF", "NOREPLICAS")  # a full disk, and too few replicas


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


@cache
def source(name: str) -> str:
    """The text of a script, with what all of them begin with."""
    folder = files("service.archive.queue") / "lua"
    shebang = f"#!lua flags={FLAGS[name]}\n" if name in FLAGS else "#!lua\n"
    return shebang + (folder / "prelude.lua").read_text() + (folder / f"{name}.lua").read_text()


@cache
def digest(name: str) -> str:
    """What the server knows a script by."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


class Scripted:
    """A client of the server's side of the queue: its scripts, and its keys."""

    def __init__(self, redis: Redis, rules: Rules) -> None:
        self._redis, self._rules = redis, rules
        self._observe: Callable[[str, float], None] = lambda _command, _seconds: None
        lease_ms = round(rules.lease_s * 1000)
        self._head = (1, rules.key("jobs"), rules.cap, lease_ms, rules.max_attempts)

    async def _run(self, name: str, *given: Word, pauses_s: tuple[float, ...] | None = None) -> Any:
        """Run the script `name`, again after each pause (by default PAUSES_S) without an answer.

        Raises the problem that the script refuses with, or QueueAway.
        """
        try:
            return await ask(lambda: self._evaluate(name, given), pauses_s)
        except ResponseError as error:
            if not str(error).startswith(REFUSED):
                raise
            raise refusal(str(error).removeprefix(REFUSED)) from error

    async def _send(self, *command: Word, pauses_s: tuple[float, ...] | None = None) -> Any:
        """Send one plain, idempotent command, as `_run` does. Raises QueueAway."""
        return await ask(lambda: self._execute(str(command[0]).lower(), *command), pauses_s)

    async def _evaluate(self, name: str, given: tuple[Word, ...]) -> Any:
        command = ("EVALSHA", digest(name), *self._head, *given)
        try:
            return await self._execute(name, *command)
        except NoScriptError:
            await self._redis.script_load(source(name))
            return await self._execute(name, *command)

    async def _execute(self, called: str, *command: Word) -> Any:
        start = time.perf_counter()
        answer = await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        if command[0] not in BLOCKING:
            self._observe(called, time.perf_counter() - start)
        return answer


async def ask(
    command: Callable[[], Awaitable[Answer]], pauses_s: tuple[float, ...] | None = None
) -> Answer:
    """Send an idempotent command, and again after each pause while the server does not answer.

    Raises QueueAway where it never does, or does not write.
    """
    for pause_s in (*(PAUSES_S if pauses_s is None else pauses_s), None):
        try:
            return await command()
        except (RedisConnectionError, RedisTimeoutError) as error:
            if pause_s is None:
                raise QueueAway("Redis or Valkey does not answer. Try again later.") from error
            await asyncio.sleep(pause_s)
        except ResponseError as error:
            away = isinstance(error, OutOfMemoryError | ReadOnlyError)
            if not away and not str(error).startswith(UNWRITABLE):
                raise
            raise QueueAway("Redis or Valkey takes no writes. Ask its operator.") from error
    raise AssertionError("the last pause is None")
