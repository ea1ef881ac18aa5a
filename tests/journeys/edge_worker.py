"""A worker that kills itself at one edge of a photo's life: `python edge_worker.py EDGE`.

It is the real worker; only the function at the edge is wrapped. The first photo that gets there
takes the process with it, as a power cut would.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from rialto.commands.worker import work
from service.archive import work as photo_work
from service.archive import worker
from service.archive.queue import Queue
from service.settings import read_settings

Function = Callable[..., Awaitable[Any]]


def dying_after(function: Function, *, if_made: bool = False) -> Function:
    """`function`, and then the end; `if_made`: only where it has returned something."""

    async def last(*given: Any, **named: Any) -> Any:
        made = await function(*given, **named)
        if made or not if_made:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    return last


def dying_before(function: Function) -> Function:
    """The end, in place of `function`."""

    async def never(*_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    assert function
    return never


def arm(edge: str) -> None:
    """Wrap the function at this edge."""
    if edge == "claimed":
        Queue.take = dying_after(Queue.take, if_made=True)  # type: ignore[method-assign]
    elif edge == "restored":
        photo_work._store = dying_before(photo_work._store)
    elif edge == "written":
        worker.work_off = dying_after(worker.work_off)
    elif edge == "recorded":
        Queue.done = dying_after(Queue.done)  # type: ignore[method-assign]
    else:
        raise ValueError(edge)


if __name__ == "__main__":
    arm(sys.argv[1])
    work(read_settings({"metrics_port": 0}))
