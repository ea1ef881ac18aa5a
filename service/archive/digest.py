"""A photo's SHA-256, without holding the event loop for a large one."""

import asyncio
import hashlib

CHEAP = 2**16  # bytes that are hashed in less time than a thread is woken


async def sha256_of(data: bytes | bytearray) -> str:
    """Hexadecimal; a thread lets go of `data` as soon as it is read."""
    if len(data) < CHEAP:
        return hashlib.sha256(data).hexdigest()
    held = [data]  # popped, since an idle thread holds what it was given for a while
    return await asyncio.to_thread(lambda: hashlib.sha256(held.pop()).hexdigest())
