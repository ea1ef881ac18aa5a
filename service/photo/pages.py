"""Anonymous memory that a child process can open: pixels and files never cross a pipe.

A `Pages` is a Linux memfd: no name in any folder, so nothing is left behind whatever is killed,
and no bound by the size of /dev/shm (64 MiB in a container unless told otherwise). A child
reaches it through /proc/PARENT/fd/N with a `Ticket`.
"""

import mmap
import os
import weakref
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Ticket:
    """Where a child finds the pages, and the inode by which it knows that it found them."""

    path: str
    inode: int

    def open(self) -> int:
        """A descriptor of the pages, to be closed by the caller.

        Raises OSError where they are gone: by then the parent may have given the number to
        another file, which must not be written to.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        if os.fstat(descriptor).st_ino != self.inode:
            os.close(descriptor)
            raise FileNotFoundError(f"{self.path} is another file by now")
        return descriptor


@dataclass(frozen=True)
class ArrayTicket:
    """An array [*shape] of `dtype`, C order, `offset` bytes into the pages."""

    pages: Ticket
    shape: tuple[int, ...]
    dtype: str
    offset: int = 0

    def open(self) -> NDArray[Any]:
        """The array itself, mapped."""
        descriptor = self.pages.open()
        try:
            mapping = mmap.mmap(descriptor, 0)
        finally:
            os.close(descriptor)
        return np.ndarray(self.shape, self.dtype, mapping, self.offset)


class Pages:
    """Memory shared with the children until it is closed or no array uses it any more."""

    def __init__(self, data: bytes | memoryview = b"") -> None:
        self.descriptor = os.memfd_create("rialto-photo", os.MFD_CLOEXEC)
        self._closer = weakref.finalize(self, os.close, self.descriptor)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def open(self) -> bool:
        """Whether a child can still be given a ticket."""
        return self._closer.alive

    @property
    def size(self) -> int:
        """Bytes now in it."""
        return os.fstat(self.descriptor).st_size

    @property
    def ticket(self) -> Ticket:
        """For a child; good until this is closed."""
        inode = os.fstat(self.descriptor).st_ino
        return Ticket(f"/proc/{os.getpid()}/fd/{self.descriptor}", inode)

    def read(self) -> bytes:
        """All of it, copied."""
        if not self.size:
            return b""
        with mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_READ) as mapping:
            return mapping[:]

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A view of the pages from their start; it keeps them alive. Grows them where short."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.size < size:
            os.ftruncate(self.descriptor, size)
        return np.ndarray(shape, dtype, _Mapping.of(self))

    def close(self) -> None:
        """Give the pages up; arrays made of them stay good."""
        self._closer()


class _Mapping(mmap.mmap):
    """A mapping that knows its pages: that is how an array is traced back to them."""

    pages: Pages

    @classmethod
    def of(cls, pages: Pages) -> "_Mapping":
        mapping = cls(pages.descriptor, 0)
        mapping.pages = pages
        return mapping


def canvas(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """A zeroed array that `Codec.encode` hands over without a copy; use it for results."""
    return Pages().array(shape, dtype)


def share(array: NDArray[Any]) -> tuple[Pages, ArrayTicket]:
    """The pages of an array and the ticket to it: its own where they are open, else a copy.

    Keep the pages until the child is done.
    """
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, _Mapping) and owner.pages.open and array.flags.c_contiguous:
        start = np.frombuffer(owner, np.uint8).ctypes.data
        ticket = ArrayTicket(
            owner.pages.ticket, array.shape, array.dtype.str, array.ctypes.data - start
        )
        return owner.pages, ticket
    copy = canvas(array.shape, array.dtype)
    copy[...] = array
    return share(copy)
