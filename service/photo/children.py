"""A pool of child processes: a function and its arguments to its result, or to why there is none.

Each call has a time limit; a child that passes it, dies, or is no longer wanted is killed and
replaced, and no other call notices. Over `pebble`, with children forked from a server process
that has the libraries loaded, so that a new child costs milliseconds.
"""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

P = ParamSpec("P")
T = TypeVar("T")


class ChildError(Exception):
    """The child ended without an answer; `code` is its exit code, negative for a signal."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"child ended with {code}")
        self.code = code


class Children:
    """A started pool of `processes` children, each set up by `prepare(*settings)`.

    modules  are loaded by the server process before it forks the first child
    tasks    a child is replaced after so many, 0 = never
    """

    def __init__(
        self,
        processes: int,
        tasks: int,
        modules: list[str],
        prepare: Callable[..., None],
        settings: tuple[object, ...],
    ) -> None:
        self._processes, self._tasks = processes, tasks
        self._prepare, self._settings = prepare, settings
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(modules)
        self._pool = self._new_pool()
        self._closed = False

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            self._processes,
            self._tasks,
            initializer=self._prepare,
            initargs=self._settings,
            context=self._context,
        )

    async def run(
        self, timeout_s: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a function in a child; what it raises is raised here.

        `timeout_s` counts from when a child takes the call. Cancelling kills the child. Raises
        TimeoutError or ChildError.
        """
        try:
            return await self._attempt(timeout_s, function, args, kwargs)
        except BrokenProcessPool:
            # A child that dies while it is idle, or while it holds the pipe, breaks the pool
            # for all: that is no fault of this call.
            return await self._attempt(timeout_s, function, args, kwargs)
        except ProcessExpired as error:
            raise ChildError(error.exitcode) from error

    async def _attempt(
        self,
        timeout_s: float,
        function: Callable[..., T],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> T:
        if self._closed:
            raise RuntimeError("the pool has been closed")
        if not self._pool.active:
            broken, self._pool = self._pool, self._new_pool()
            broken.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(broken.join)
        future = self._pool.schedule(function, args, kwargs, timeout_s)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Kill the children and wait until they are gone."""
        self._closed = True
        self._pool.stop()  # type: ignore[no-untyped-call]
        await asyncio.to_thread(self._pool.join)
