"""Enqueue: a photo's place among the others; a bounded line, refused at once when full."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

from service.problems import Problem


class LineFull(Problem):
    """As many photos wait as the service lets wait."""

    status = 503
    slug = "line-full"
    title = "Too many photos are waiting"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class Line:
    """At most `max_active` photos are restored at once, and `max_waiting` more may wait."""

    def __init__(self, max_active: int, max_waiting: int, max_held_bytes: int) -> None:
        self._limit = max_active + max_waiting
        self._max_held_bytes, self._held = max_held_bytes, 0
        self._turns = asyncio.Semaphore(max_active)
        self._inside = 0

    @property
    def full(self) -> bool:
        """Whether the next photo would be refused."""
        return self._inside >= self._limit

    def check(self) -> None:
        """Raises LineFull where there is no place."""
        if self.full:
            raise LineFull(f"{self._inside} photos are in line, the most there may be. Try later.")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place from a photo's first byte to its answer; raises LineFull."""
        self.check()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def turn(self, held_bytes: int) -> AbstractContextManager[None]:
        """Wait for one of the active places, first come, first served; leave it by its exit.

        `held_bytes` are the photo's decoded pixels, which wait in memory: beyond what may
        be held by all, LineFull, unless this photo is the only one.
        """
        if self._held and self._held + held_bytes > self._max_held_bytes:
            raise LineFull("Decoded photos fill the memory that is set aside for them. Try later.")
        self._held += held_bytes
        try:
            await self._turns.acquire()
        except BaseException:
            self._held -= held_bytes
            raise
        return self._until_done(held_bytes)

    @contextmanager
    def _until_done(self, held_bytes: int) -> Iterator[None]:
        try:
            yield
        finally:
            self._held -= held_bytes
            self._turns.release()
