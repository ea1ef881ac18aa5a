"""All runs of this process by id: those under way, and for a while those that have ended."""

import asyncio
from contextlib import ExitStack
from typing import Self
from uuid import uuid4

from service.restore.journal import Journal
from service.restore.kept import Kept
from service.restore.run import Asked, Open, Run


class Runs:
    """Begins runs and finds them again; an async context manager, whose exit cancels all.

    grace_s       of a run that nobody watches        journal_bytes   of one run's events
    """

    def __init__(self, kept: Kept[Run], grace_s: float, journal_bytes: int) -> None:
        self._kept, self._grace_s, self._journal_bytes = kept, grace_s, journal_bytes
        self._under_way: dict[str, Run] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(run.cancel() for run in list(self._under_way.values())))

    def begin(self, open_walk: Open, asked: Asked, place: ExitStack, *, detached: bool) -> Run:
        """Start a run, which holds `place` until it ends."""
        key = uuid4().hex
        run = Run(key, asked, Journal(self._journal_bytes), self._grace_s, detached=detached)
        self._under_way[key] = run
        run.begin(open_walk, place, self._ended)
        return run

    def get(self, key: str, owner: str | None = None) -> Run:
        """The run of this id, where it is `owner`'s (None: anybody's). Raises NoSuchRestoration."""
        run = self._under_way.get(key) or self._kept.get(key)
        if owner not in (None, run.owner):
            raise self._kept.refusal()
        return run

    async def delete(self, key: str, owner: str | None = None) -> None:
        """Cancel a run that is under way, forget one that has ended. Raises as `get` does."""
        run = self.get(key, owner)
        if key in self._under_way:
            await run.cancel("It was cancelled by its address.")
        else:
            self._kept.drop(key)

    def _ended(self, run: Run) -> None:
        del self._under_way[run.key]
        self._kept.put(run.key, run)
