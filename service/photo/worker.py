"""What a child process does: set itself up within its limits, then decode and encode.

Arrays and files arrive and leave as tickets to shared pages; what crosses the pipe is small.
"""

import mmap
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyvips

from service.photo.decode import decode, explain
from service.photo.encode import encode
from service.photo.limits import CodecLimits
from service.photo.pages import ArrayTicket, Ticket
from service.photo.photo import PhotoFacts
from service.photo.refusals import DecodeMemory, EncodeFailed
from service.photo.savers import Packing

# A child is given up before the service itself where the machine is short of memory.
_OOM_SCORE = "500"


@dataclass(frozen=True)
class Decoded:
    """What a decoding left in the target pages: [H,W,B] of `dtype`, alpha the last of B."""

    facts: PhotoFacts
    shape: tuple[int, int, int]
    dtype: str


def prepare(memory_bytes: int) -> None:
    """Bound this process's memory, and have libvips neither cache nor load what is unsafe."""
    # Python's own handler would wait until C code returns, and the pool would wait for it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write(_OOM_SCORE)
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)


def decode_pages(source: Ticket, target: Ticket, limits: CodecLimits) -> Decoded:
    """Decode the file in `source` into `target`. Raises every refusal of a photo."""
    with _opened(source) as file, _opened(target) as into:
        size = os.fstat(file).st_size
        data = memoryview(mmap.mmap(file, size, access=mmap.ACCESS_COPY))
        try:
            image, facts = decode(data, limits)
            # Straight into the shared pages: the pixels are in memory once.
            image.rawsave_target(pyvips.Target.new_to_descriptor(into))
        except pyvips.Error as error:
            explain(error)
        except MemoryError as error:
            raise DecodeMemory("The photo needs more memory than it is given.") from error
    dtype = "<u2" if image.format == "ushort" else "|u1"
    return Decoded(facts, (image.height, image.width, image.bands), dtype)


def encode_pages(
    pixels: ArrayTicket,
    alpha: ArrayTicket | None,
    facts: PhotoFacts,
    packing: Packing,
    target: Ticket,
) -> tuple[int, int, tuple[str, ...]]:
    """Encode arrays into `target`; width, height and notes. Raises EncodeFailed."""
    with _opened(target) as into:
        try:
            return encode(pixels.open(), alpha.open() if alpha else None, facts, packing, into)
        except (pyvips.Error, MemoryError) as error:
            raise EncodeFailed(
                f"The {packing.format} encoder failed on {pixels.shape[1]}×{pixels.shape[0]} "
                "pixels. Ask for another format."
            ) from error


@contextmanager
def _opened(ticket: Ticket) -> Iterator[int]:
    descriptor = ticket.open()
    try:
        yield descriptor
    finally:
        os.close(descriptor)
