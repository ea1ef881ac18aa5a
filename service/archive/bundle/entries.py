"""What a bundle is made of: named streams of bytes whose sizes are known before they are read."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, TypeAlias

Chunks: TypeAlias = AsyncIterator[bytes]

LEAST: Final = 2**16  # bytes that are worth sending; small entries go out together


class BrokenBundle(Exception):
    """The stream cannot be finished: an entry's bytes are not those that were announced.

    What was sent so far is no archive that a reader takes for a whole one.
    """


@dataclass(frozen=True)
class Entry:
    """A file of a bundle, or a folder where `name` ends in "/".

    name      path in the bundle, "/" between folders
    modified  seconds since 1970; whole seconds are kept
    chunks    `bytes` bytes in all; read once, when the entry's turn comes
    """

    name: str
    bytes: int
    modified: float
    chunks: Chunks

    @property
    def is_folder(self) -> bool:
        """A folder has no bytes."""
        return self.name.endswith("/")


async def exact(entry: Entry) -> Chunks:
    """An entry's chunks, the empty ones left out. Raises BrokenBundle unless the size is right."""
    left = entry.bytes
    async for chunk in entry.chunks:
        left -= len(chunk)
        if left < 0:
            raise BrokenBundle(f"{entry.name} has more than the {entry.bytes} bytes announced")
        if chunk:
            yield chunk
    if left > 0:
        raise BrokenBundle(f"{entry.name} ended {left} bytes before its {entry.bytes} bytes")


async def verified(chunks: Chunks, sha512: str) -> Chunks:
    """The same chunks. Raises BrokenBundle at their end where the checksum is another one."""
    digest = hashlib.sha512()
    async for chunk in chunks:
        if len(chunk) > LEAST:  # 2.5 ms a MiB: not in the event loop
            await asyncio.to_thread(digest.update, chunk)
        else:
            digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha512:
        raise BrokenBundle(f"bytes with sha512 {digest.hexdigest()} stand where {sha512} should")
