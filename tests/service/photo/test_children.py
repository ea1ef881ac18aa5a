import asyncio
import os
import select
import signal
from pathlib import Path

import pytest

from service.photo.children import ChildError, Children
from service.photo.worker import prepare


@pytest.fixture
async def children():
    modules = ["service.photo.worker"]
    pool = Children(2, 0, modules, prepare=prepare, settings=(2 * 2**30,))
    await pool.run(60, os.getpid)
    yield pool
    await pool.close()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A child that opens it to read is held until somebody opens it to write."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


async def opened(path: Path) -> int:
    """A descriptor to write; there as soon as a child has begun to read."""
    return await asyncio.to_thread(os.open, path, os.O_WRONLY)


async def test_a_result_and_an_exception_come_back_typed(children) -> None:
    assert await children.run(10, divmod, 17, 5) == (3, 2)
    with pytest.raises(ZeroDivisionError):
        await children.run(10, divmod, 17, 0)


async def test_a_call_past_its_time_is_killed_and_others_live_on(children, pipe) -> None:
    call = asyncio.create_task(children.run(0.2, Path.read_bytes, pipe))
    held = await opened(pipe)
    with pytest.raises(TimeoutError):
        await call
    with pytest.raises(BrokenPipeError):
        os.write(held, b"nobody reads")
    os.close(held)
    assert await children.run(10, divmod, 7, 2) == (3, 1)


async def test_cancelling_a_call_kills_its_child(children, pipe) -> None:
    call = asyncio.create_task(children.run(60, Path.read_bytes, pipe))
    held = await opened(pipe)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await reader_gone(held)
    assert await children.run(10, divmod, 7, 2) == (3, 1)


async def test_a_child_that_dies_fails_its_own_call_alone(children, pipe) -> None:
    beside = asyncio.create_task(children.run(60, Path.read_bytes, pipe))
    held = await opened(pipe)
    with pytest.raises(ChildError) as caught:
        await children.run(10, signal.raise_signal, signal.SIGKILL)
    assert caught.value.code == -signal.SIGKILL
    os.write(held, b"alive")
    os.close(held)
    assert await beside == b"alive"


async def test_an_idle_child_that_dies_is_replaced_unseen(children) -> None:
    idle = await children.run(10, os.getpid)
    gone = os.pidfd_open(idle)
    os.kill(idle, signal.SIGKILL)
    await ended(gone)
    assert await children.run(10, divmod, 7, 2) == (3, 1)


async def reader_gone(descriptor: int) -> None:
    """Wait until the pipe has no reader, which poll reports as an error event."""
    poll = select.poll()
    poll.register(descriptor, 0)
    assert await asyncio.to_thread(poll.poll, 10_000)
    os.close(descriptor)


async def ended(process: int) -> None:
    """Wait until a process, known by its descriptor, has ended."""
    readable, _, _ = await asyncio.to_thread(select.select, [process], [], [], 10)
    assert readable
    os.close(process)
