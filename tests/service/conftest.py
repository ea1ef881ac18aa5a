"""A real Valkey for the service's tests: one server a session, empty at the start of each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from service.valkey import embedded_valkey, open_redis


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that lives as long as the session."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        server = embedded_valkey(tmp_path_factory.mktemp("valkey"))
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    """A client of that server, which holds nothing yet."""
    async with open_redis(valkey_url) as client:
        await client.execute_command("FLUSHALL", "SYNC")  # or memory would be freed later on
        yield client
