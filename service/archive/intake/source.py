"""A stream of chunks, read forwards by as many bytes as a format asks for."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from service.archive.intake.refusals import TruncatedArchive

PIECE: Final = 64 * 2**10  # bytes worked on at once


class Source:
    """Forward reader. At most one chunk, and what was asked for, is in memory."""

    def __init__(self, chunks: AsyncIterator[bytes], receive: Callable[[int], None]) -> None:
        """`receive` is told the bytes of every chunk, and may refuse them."""
        self._chunks = chunks
        self._receive = receive
        self._chunk = b""
        self._at = 0
        self._ended = False

    async def peek(self, count: int) -> bytes:
        """The next `count` bytes, or fewer where the stream ends; they stay to be read."""
        while len(self._chunk) - self._at < count and await self._fetch():
            pass
        return self._chunk[self._at : self._at + count]

    async def some(self, most: int) -> memoryview:
        """1..`most` bytes, as they come. Raises TruncatedArchive at the end."""
        if self._at == len(self._chunk) and not await self._fetch():
            raise _truncated()
        start, self._at = self._at, min(self._at + most, len(self._chunk))
        return memoryview(self._chunk)[start : self._at]

    def rewind(self, count: int) -> None:
        """Put back the last `count` bytes of what `some` gave last."""
        self._at -= count

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises TruncatedArchive."""
        if count <= len(self._chunk) - self._at:
            start, self._at = self._at, self._at + count
            return self._chunk[start : self._at]
        data = bytearray()
        while len(data) < count:
            data += await self.some(count - len(data))
        return bytes(data)

    async def skip(self, count: int) -> None:
        """Pass over `count` bytes. Raises TruncatedArchive."""
        while count:
            count -= len(await self.some(count))

    async def drain(self, most: int) -> None:
        """Read on to the end, or for `most` bytes."""
        while most > 0 and await self.peek(1):
            most -= len(await self.some(most))

    def find(self, pattern: bytes) -> int:
        """How far off `pattern` is in the bytes at hand; -1 where it is not in them."""
        found = self._chunk.find(pattern, self._at)
        return found if found < 0 else found - self._at

    @property
    def at_hand(self) -> int:
        """Bytes that can be read without waiting."""
        return len(self._chunk) - self._at

    async def _fetch(self) -> bool:
        """Put the next chunk behind what is at hand; False at the end."""
        while not self._ended:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                self._ended = True
            elif chunk:
                self._receive(len(chunk))
                self._chunk, self._at = self._chunk[self._at :] + chunk, 0
                return True
        return False


def _truncated() -> TruncatedArchive:
    return TruncatedArchive(
        "The stream ends before the archive does. Photos before that place are in the job; send"
        " the whole archive again: what is there already is not taken twice."
    )
