"""Lists that grow while photos stream by, and are files of the bag at its end.

Kept deflated: of 100,000 photos the manifest and the events take some 30 MB, not 90.
"""

import hashlib
import zlib
from collections.abc import AsyncIterator
from typing import Final

_FAST: Final = 1
_READ: Final = 2**14  # deflated bytes taken at a time
_CHUNK: Final = 2**18  # inflated bytes given at a time, at most


class Ledger:
    """Text that is written line by line, then read once. `bytes` is its size in UTF-8."""

    def __init__(self) -> None:
        self.bytes = 0
        self._digest = hashlib.sha512()
        self._deflate = zlib.compressobj(_FAST)
        self._packed = bytearray()

    @property
    def sha512(self) -> str:
        """Checksum of what has been written, in hex digits."""
        return self._digest.hexdigest()

    def write(self, text: str) -> None:
        """Add to the end."""
        data = text.encode()
        self.bytes += len(data)
        self._digest.update(data)
        self._packed += self._deflate.compress(data)

    async def chunks(self) -> AsyncIterator[bytes]:
        """All that was written; nothing can be written after."""
        self._packed += self._deflate.flush()
        inflate = zlib.decompressobj()
        for start in range(0, len(self._packed), _READ):
            packed = bytes(self._packed[start : start + _READ])
            while packed:
                yield inflate.decompress(packed, _CHUNK)
                packed = inflate.unconsumed_tail
        yield inflate.flush()
