"""Ctrl-C ends an asynchronous command, also where a library swallows the cancellation.

`asyncio.run` cancels once. On Python 3.11 a cancellation that meets a result may be lost on its way
(in `asyncio.wait_for`, say), and the command would go on until the service has answered.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

AGAIN_S = 0.5
INTERRUPTED = 130  # the exit code that shells give a program that Ctrl-C ended

T = TypeVar("T")


def run_interruptible(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises KeyboardInterrupt when it has ended after Ctrl-C."""
    interrupted = False

    async def main() -> T:
        loop = asyncio.get_running_loop()

        def cancel_all() -> None:
            nonlocal interrupted
            interrupted = True
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(AGAIN_S, cancel_all)

        loop.add_signal_handler(signal.SIGINT, cancel_all)
        return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if interrupted:
            raise KeyboardInterrupt from None
        raise
