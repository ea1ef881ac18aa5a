"""Scripts: what a server that goes away, comes back, or is full does to a call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from service.archive.queue import Queue
from service.valkey import ValkeyAway, asking, open_redis
from tests.service.archive.queue.making import output, photos, spec


class Wire:
    """Between a client and the server; it can lose the next answer, and the connection with it."""

    def __init__(self, server: str) -> None:
        self._server = server.removeprefix("unix://")
        self._losing = False
        self.lost = 0

    def lose_next_answer(self) -> None:
        self._losing = True

    @asynccontextmanager
    async def open(self, socket: Path) -> AsyncIterator[str]:
        async with await asyncio.start_unix_server(self._serve, socket):
            yield f"unix://{socket}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, sender = await asyncio.open_unix_connection(self._server)
        onward = asyncio.create_task(self._copy(reader, sender))
        try:
            while data := await upstream.read(2**16):
                if self._losing:
                    self._losing, self.lost = False, self.lost + 1
                    return
                writer.write(data)
        finally:
            onward.cancel()
            for end in (sender, writer):
                end.close()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            writer.write(data)


@pytest.fixture
def wire(valkey_url: str) -> Wire:
    return Wire(valkey_url)


@pytest.fixture
async def shaky(wire: Wire, tmp_path: Path) -> AsyncIterator[Queue]:
    """An empty queue behind the wire."""
    async with wire.open(tmp_path / "s") as url, open_redis(url) as client:
        shaky = Queue(client)
        await rehearse(shaky)
        await client.flushall()
        yield shaky


async def rehearse(queue: Queue) -> None:
    """Have the server told every script, or the answer that is lost would be that it knows none."""
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    one, two = await queue.take("w", 2)
    await queue.beat({one: 0.5})
    await queue.done(one, ())
    await queue.release(two)
    await queue.close_job(job.id)


async def test_a_command_whose_answer_is_lost_is_sent_again_and_done_once(
    shaky: Queue, wire: Wire
) -> None:
    wire.lose_next_answer()
    job = await shaky.open_job(spec())
    wire.lose_next_answer()
    assert set(await shaky.add(job.id, photos(job.id, 3))) == {"same"}
    one, two = await shaky.take("w", 2)
    wire.lose_next_answer()
    assert await shaky.beat({one: 0.5}) == [True]
    wire.lose_next_answer()
    assert await shaky.done(one, (output(),))
    wire.lose_next_answer()
    assert await shaky.release(two)
    wire.lose_next_answer()
    closed = await shaky.close_job(job.id)
    assert wire.lost == 6
    assert (closed.counts.total, closed.counts.waiting, closed.counts.restored) == (3, 2, 1)
    assert [e.kind for e in await shaky.events(job.id)] == ["opened", "restored", "closed"]
    assert len(await shaky.jobs()) == 1


async def test_a_take_whose_answer_is_lost_is_not_repeated(shaky: Queue, wire: Wire) -> None:
    job = await shaky.open_job(spec())
    await shaky.add(job.id, photos(job.id, 2))
    wire.lose_next_answer()
    with pytest.raises(ValkeyAway):
        await shaky.take("w")
    assert (await shaky.job(job.id)).counts.active == 1
    assert len(await shaky.take("w", 2)) == 1


async def test_a_server_that_has_forgotten_the_scripts_is_told_them(
    queue: Queue, redis: Redis
) -> None:
    job = await queue.open_job(spec())
    await redis.script_flush()
    assert await queue.add(job.id, photos(job.id, 1)) == ["new"]


async def test_a_server_that_is_not_there_is_a_problem_with_a_time_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAUSES_S", (0.01, 0.01))
    async with open_redis(f"unix://{tmp_path}/none") as client:
        for call in (Queue(client).jobs(), Queue(client).take("w"), Queue(client).events("j")):
            with pytest.raises(ValkeyAway):
                await call
    assert ValkeyAway.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("setting", "full", "usual"), [("maxmemory", 1, 0), ("min-replicas-to-write", 1, 0)]
)
async def test_a_server_that_takes_no_writes_refuses_whole_moves(
    queue: Queue, redis: Redis, setting: str, full: int, usual: int
) -> None:
    job = await queue.open_job(spec())
    await queue.add(job.id, photos(job.id, 2))
    [lease] = await queue.take("w")
    before = await queue.job(job.id)
    await redis.config_set(setting, full)
    try:
        for call in (queue.add(job.id, photos(job.id, 3)), queue.done(lease, ()), queue.take("w")):
            with pytest.raises(ValkeyAway):
                await call
        assert await queue.job(job.id) == before
    finally:
        await redis.config_set(setting, usual)
    assert await queue.done(lease, ())


async def test_a_job_can_be_cancelled_and_deleted_where_memory_has_run_out(
    queue: Queue, redis: Redis
) -> None:
    job = await queue.open_job(spec())
    await redis.config_set("maxmemory", 1)
    try:
        assert (await queue.cancel(job.id)).state == "cancelled"
        await queue.delete(job.id)
        assert await queue.jobs() == []
    finally:
        await redis.config_set("maxmemory", 0)
