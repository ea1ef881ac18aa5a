"""Tensors in POSIX shared memory, for a Triton on the same host; none where that cannot be.

A slot is one region for one call: its inputs, then its output. It is made when first needed,
registered with Triton under a name nobody can guess (so a Triton that finds it shares our
memory), and its file is removed at once: both sides keep the mapping, and nothing is left in
/dev/shm whoever is killed, whenever.
"""

import asyncio
import fcntl
import logging
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

log = logging.getLogger("rialto.triton")

FOLDER = Path("/dev/shm")  # noqa: S108 -- where POSIX shared memory is, not a place of ours
PREFIX = "rialto-tile-"
GRAIN = 2**16  # bytes; slots are multiples of it, so that tiles of like sizes share them
AGAIN_SECONDS = 60.0  # after a refusal; memory may have become free
RETIRED_SECONDS = 120.0  # no evaluation that was given up still runs after that
REGISTER_SECONDS = 5.0


@dataclass(eq=False)
class Slot:
    """One registered region."""

    name: str
    memory: mmap.mmap

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.memory)


class SharedMemory:
    """Slots of one connection. Where Triton cannot see them, `take` says None."""

    def __init__(self, client: InferenceServerClient) -> None:
        self._client = client
        self._free: list[Slot] = []
        self._not_before = 0.0
        self._retired: list[tuple[float, str]] = []
        self._loop = asyncio.get_running_loop()
        _sweep()

    async def take(self, size: int) -> Slot | None:
        """A slot of at least `size` bytes, or None: then the tensors go over the wire."""
        fitting = [slot for slot in self._free if slot.size >= size]
        if fitting:
            slot = min(fitting, key=lambda one: one.size)
            self._free.remove(slot)
            return slot
        if self._loop.time() < self._not_before:
            return None
        if self._free:  # all too small: one of them makes place
            await self._unregister(self._free.pop(0))
        await self._bury()
        try:
            return await self._make(-(-size // GRAIN) * GRAIN)
        except (OSError, InferenceServerException) as error:
            self._not_before = self._loop.time() + AGAIN_SECONDS
            log.info("tensors go over the wire: no shared memory with Triton (%s)", error)
            return None

    def give_back(self, slot: Slot) -> None:
        """The call is over, and Triton is done with the slot."""
        self._free.append(slot)

    def retire(self, slot: Slot) -> None:
        """The call was given up: Triton may yet write into the slot, so no other may use it."""
        slot.memory.close()
        self._retired.append((self._loop.time() + RETIRED_SECONDS, slot.name))

    def forget(self) -> None:
        """Triton was started anew: it knows none of the slots."""
        for slot in self._free:
            slot.memory.close()
        self._free.clear()
        self._retired.clear()
        self._not_before = 0.0

    async def close(self) -> None:
        """Unregister everything; no call may be running."""
        names = [slot.name for slot in self._free] + [name for _, name in self._retired]
        self.forget()
        await asyncio.gather(*(self._unregister_name(name) for name in names))

    async def _make(self, size: int) -> Slot:
        name = f"{PREFIX}{uuid4().hex}"
        descriptor = os.open(FOLDER / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # held: `_sweep` leaves it alone
            # ftruncate would promise memory that is not there, and the first write would kill.
            os.posix_fallocate(descriptor, 0, size)
            memory = mmap.mmap(descriptor, size)
            await self._client.register_system_shared_memory(
                name, f"/{name}", size, client_timeout=REGISTER_SECONDS
            )
        finally:
            (FOLDER / name).unlink(missing_ok=True)
            os.close(descriptor)
        return Slot(name, memory)

    async def _bury(self) -> None:
        """Give the memory of slots that were retired long ago back."""
        now = self._loop.time()
        while self._retired and self._retired[0][0] <= now:
            await self._unregister_name(self._retired.pop(0)[1])

    async def _unregister(self, slot: Slot) -> None:
        slot.memory.close()
        await self._unregister_name(slot.name)

    async def _unregister_name(self, name: str) -> None:
        try:
            await self._client.unregister_system_shared_memory(
                name, client_timeout=REGISTER_SECONDS
            )
        except InferenceServerException:
            log.debug("Triton no longer knows %s", name)


def _sweep() -> None:
    """Remove files of processes that were killed between making and registering a slot."""
    for path in FOLDER.glob(f"{PREFIX}*"):
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except OSError:  # its owner lives, or has just removed it
            continue
