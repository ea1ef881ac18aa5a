"""A queue on the archive tests' Valkey."""

import pytest
from redis.asyncio import Redis

from service.archive.queue import Queue


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return Queue(redis, max_attempts=3)
