"""A client: a URL into connections to Redis or Valkey."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_S = 10.0  # for one command, blocking ones included
CONNECT_S = 2.0
CONNECTIONS = 256


def open_redis(url: str) -> Redis:
    """A client of text, not bytes, that never repeats a command by itself: its user knows which.

    redis-py would send a command up to eleven times; where only the answer was lost, that does it
    twice. Where all connections are in use, one waits. Blocking commands must end within 8 s.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=True,
        max_connections=CONNECTIONS,
        timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=CONNECT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
