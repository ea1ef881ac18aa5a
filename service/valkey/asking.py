"""Asking: an idempotent command into its answer, sent again while the server does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.problems import Problem

Answer = TypeVar("Answer")

# Seconds before each repeat. A server of our own is back within the first second; what a worker has
# to tell may have taken an hour to make, and is worth waiting out a failover for.
NEVER: tuple[float, ...] = ()
PAUSES_S: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
LONG_S = (*PAUSES_S, *[2.0] * 8)
UNWRITABLE = ("MISCONF", "NOREPLICAS")  # a full disk, and too few replicas


class ValkeyAway(Problem):
    """Redis cannot be reached, or takes nothing more."""

    status = 503
    slug = "queue-unavailable"
    title = "The queue cannot be reached"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


async def ask(
    command: Callable[[], Awaitable[Answer]], pauses_s: tuple[float, ...] | None = None
) -> Answer:
    """Send an idempotent command, and again after each pause (by default PAUSES_S).

    Raises ValkeyAway where the server never answers, or does not write.
    """
    for pause_s in (*(PAUSES_S if pauses_s is None else pauses_s), None):
        try:
            return await command()
        except (RedisConnectionError, RedisTimeoutError) as error:
            if pause_s is None:
                raise ValkeyAway("Redis or Valkey does not answer. Try again later.") from error
            await asyncio.sleep(pause_s)
        except ResponseError as error:
            away = isinstance(error, OutOfMemoryError | ReadOnlyError)
            if not away and not str(error).startswith(UNWRITABLE):
                raise
            raise ValkeyAway("Redis or Valkey takes no writes. Ask its operator.") from error
    raise AssertionError("the last pause is None")
