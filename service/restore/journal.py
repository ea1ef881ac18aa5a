"""A restoration's journal: its events in order, kept for readers who come late or come back.

Bounded in bytes: the oldest progress and previews go first. What opens and ends the story stays.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.restore.reply import event

BEAT_S: Final = 15.0  # of silence, after which a comment shows that the line still stands
_BEAT: Final = b": still here\n\n"
_PASSING: Final = frozenset({"progress", "preview"})


@dataclass(frozen=True)
class _Entry:
    number: int
    name: str
    told: bytes


class Journal:
    """Events numbered from 1, in at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: list[_Entry] = []
        self._last, self._closed = 0, False
        self._news = asyncio.Event()
        self.nbytes = 0

    @property
    def last(self) -> int:
        """The newest event's number; 0 while there is none."""
        return self._last

    @property
    def closed(self) -> bool:
        """Whether no more will come."""
        return self._closed

    def add(self, name: str, data: Mapping[str, Any]) -> None:
        """Write one event down, and wake who waits for it."""
        self._last += 1
        entry = _Entry(self._last, name, event(name, data, self._last))
        self._entries.append(entry)
        self.nbytes += len(entry.told)
        self._forget()
        self._wake()

    def close(self) -> None:
        """No more events will come: readers end after the last one."""
        self._closed = True
        self._wake()

    async def after(self, number: int) -> AsyncIterator[bytes]:
        """The events behind `number`, and those to come, each once, until the journal closes.

        A slow reader misses what is forgotten meanwhile, as one who comes late does.
        """
        while True:
            news = self._news
            for entry in [entry for entry in self._entries if entry.number > number]:
                number = entry.number
                yield entry.told
            if self._closed and number >= self._last:
                return
            if news is not self._news:
                continue  # written while the last ones were sent
            try:
                async with asyncio.timeout(BEAT_S):
                    await news.wait()
            except TimeoutError:
                yield _BEAT

    def _forget(self) -> None:
        """The newest stays, however large it is."""
        while self.nbytes > self._max_bytes:
            passing = (at for at, entry in enumerate(self._entries[:-1]) if entry.name in _PASSING)
            oldest = next(passing, None)
            if oldest is None:
                return
            self.nbytes -= len(self._entries.pop(oldest).told)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
