import asyncio
import os
import signal

import pytest

from rialto.commands.interrupt import run_interruptible


async def deaf(times: int) -> None:
    """Swallows the first cancellations, as a library may."""
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


@pytest.mark.parametrize("times", [0, 1, 3])
def test_ctrl_c_ends_work_that_swallows_cancellations(times: int) -> None:
    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(deaf(times))

    with pytest.raises(KeyboardInterrupt):
        run_interruptible(work())


def test_work_that_nobody_interrupts_is_as_it_is() -> None:
    async def work() -> int:
        return 7

    assert run_interruptible(work()) == 7
