"""The codec: a file's bytes to a `Photo`, and a `Photo` to a file's bytes, in child processes.

All work of C libraries on untrusted bytes happens in a child with bounds on memory and time.
Pixels and files lie in shared pages; nothing is left when a call fails or is cancelled. Linux
only: memfd and /proc carry the pages.
"""

import os
import signal
from dataclasses import dataclass, fields, replace
from typing import Any

from service.photo.children import ChildError, Children
from service.photo.formats import check_fits, sniff
from service.photo.limits import CodecLimits
from service.photo.pages import Pages, share
from service.photo.photo import Photo, PhotoFacts
from service.photo.refusals import DecodeMemory, DecoderDied, DecodeTimeout, EncodeFailed
from service.photo.savers import Packing
from service.photo.worker import decode_pages, encode_pages, prepare
from service.problems import Problem

_START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Encoded:
    """A finished file: upright, `width` × `height` pixels; `notes` say what it cannot hold."""

    data: bytes
    width: int
    height: int
    notes: tuple[str, ...]


class Codec:
    """Decodes and encodes photos; `start` before, `close` after."""

    def __init__(self, limits: CodecLimits) -> None:
        self._limits = limits
        self._children = Children(
            limits.processes,
            limits.tasks_per_process,
            modules=["service.photo.worker"],
            prepare=prepare,
            settings=(limits.child_memory_bytes,),
        )

    async def start(self) -> None:
        """Start the children; returns when one answers, so that the first photo does not wait."""
        await self._children.run(_START_TIMEOUT_S, os.getpid)

    async def close(self) -> None:
        """Kill the children; calls in flight fail."""
        await self._children.close()

    async def decode(self, data: bytes | memoryview, max_megapixels: float = float("inf")) -> Photo:
        """A file of any accepted format as a Photo, whose pixels lie in shared pages.

        `max_megapixels` may tighten the codec's own limit for this photo. Raises every problem
        of `refusals` that concerns decoding. Cancelling stops the work.
        """
        sniff(data)
        allowed = min(self._limits.max_input_megapixels, max_megapixels)
        limits = replace(self._limits, max_input_megapixels=allowed)
        with Pages(data) as file, Pages() as pixels:
            try:
                decoded = await self._children.run(
                    limits.decode_timeout_s, decode_pages, file.ticket, pixels.ticket, limits
                )
            except TimeoutError as error:
                raise DecodeTimeout(
                    f"Decoding takes longer than {limits.decode_timeout_s:g} seconds. Save the "
                    "photo as a baseline JPEG or a plain PNG, or make it smaller."
                ) from error
            except ChildError as error:
                raise _death(error, limits) from error
            everything = pixels.array(decoded.shape, decoded.dtype)
        alpha = everything[..., -1] if decoded.shape[2] in (2, 4) else None
        colours = everything if alpha is None else everything[..., :-1]
        return Photo(pixels=colours, alpha=alpha, **_facts_of(decoded.facts))

    async def encode(self, photo: Photo, packing: Packing) -> Encoded:
        """A photo as a file, turned upright.

        Arrays made by `pages.canvas` are handed over without a copy. Raises TooLargeForFormat or
        EncodeFailed. Cancelling stops the work.
        """
        check_fits(packing.format, *photo.displayed_size, photo.pixels.itemsize * 8)
        # Held until the child is done: the tickets alone keep nothing alive.
        held_pixels, pixels = share(photo.pixels)
        held_alpha, alpha = share(photo.alpha) if photo.alpha is not None else (None, None)
        with Pages() as file:
            try:
                width, height, notes = await self._children.run(
                    self._limits.encode_timeout_s,
                    encode_pages,
                    pixels,
                    alpha,
                    PhotoFacts(**_facts_of(photo)),
                    packing,
                    file.ticket,
                )
            except (TimeoutError, ChildError) as error:
                raise EncodeFailed(
                    f"Writing {packing.format} took more time or memory than one photo is given. "
                    "Ask for format=png or format=jpeg."
                ) from error
            del held_pixels, held_alpha
            return Encoded(file.read(), width, height, notes)


def _facts_of(facts: PhotoFacts) -> dict[str, Any]:
    return {field.name: getattr(facts, field.name) for field in fields(PhotoFacts)}


def _death(death: ChildError, limits: CodecLimits) -> Problem:
    # GLib aborts where an allocation fails.
    if death.code in (-signal.SIGABRT, -signal.SIGTRAP):
        return DecodeMemory(
            f"Decoding needs more than {limits.child_memory_bytes >> 20} MiB. Save the photo "
            "without interlacing or progressive scans, or make it smaller."
        )
    return DecoderDied(
        "The decoder died on this photo; others are not affected. Try once more; if it dies "
        "again, save the photo anew with another program."
    )
