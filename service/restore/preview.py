"""Previews: a small picture of the whole photo after a step, as a WebP in a data URL.

Made beside the walk: the next step runs while a picture is written. x̂_0 is averaged down; x_t is
sampled, since averaging would hide the noise that it is there to show.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.contract import Float32, NetworkCard
from bridge.restoration import Progress, output_shape, to_pixels
from bridge.tiles import Box
from service.photo.codec import Codec
from service.photo.photo import Photo, Pixels
from service.photo.provenance import Provenance
from service.photo.savers import Packing
from service.problems import Problem

LONGEST: Final = 512  # pixels of the longest side
PERIOD_S: Final = 0.125  # between two pictures of x̂_0, so that a reader gets at most 8 a second
QUALITY: Final = 70
MOST_PROFILE_BYTES: Final = 2**16  # a scanner's profile may be larger than the picture

Previews = Literal["none", "x_0", "walk"]
Kind = Literal["x_0", "x_t"]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Preview:
    """The picture after `step` of `steps` in `region` of `regions`.

    kind   x_0: the estimate; x_t: where the bridge stood when it was made
    image  a data URL of a WebP, `width` × `height` pixels, upright
    """

    step: int
    steps: int
    region: int
    regions: int
    kind: Kind
    width: int
    height: int
    image: str


Show = Callable[[Preview], None]


class Sketch:
    """The whole photo so far, small, uint8 [h,w,C]; where nothing is done yet, as it came."""

    def __init__(self, card: NetworkCard, pixels: Pixels) -> None:
        self._height, self._width, _ = output_shape(card, pixels)
        self._every = -(-max(self._height, self._width) // LONGEST)
        rows = np.arange(0, self._height, self._every) // card.scale
        columns = np.arange(0, self._width, self._every) // card.scale
        small = pixels[np.ix_(rows, columns)]
        self.pixels: UInt8 = (small // (np.iinfo(small.dtype).max // 255)).astype(np.uint8)

    def paint(self, x_0: Float32, box: Box) -> None:
        """Lay a region [3,H,W] in, averaged down."""
        inside, every = self._inside(x_0, box), self._every
        if every > 1:
            starts = [np.arange(0, length, every) for length in inside.shape[1:]]
            counts = [
                np.diff(np.append(s, n)) for s, n in zip(starts, inside.shape[1:], strict=True)
            ]
            sums = np.add.reduceat(np.add.reduceat(inside, starts[1], 2), starts[0], 1)
            inside = (sums / np.outer(*counts)).astype(np.float32)
        self._lay(self.pixels, inside, box)

    def sampled(self, x_t: Float32, box: Box) -> UInt8:
        """A copy with every so many pixels of a region [3,H,W] laid in as they are."""
        copy = self.pixels.copy()
        self._lay(copy, self._inside(x_t, box)[:, :: self._every, :: self._every], box)
        return copy

    def _inside(self, region: Float32, box: Box) -> Float32:
        return region[:, : self._height - box.top, : self._width - box.left]

    def _lay(self, canvas: UInt8, small: Float32, box: Box) -> None:
        top, left = round(box.top / self._every), round(box.left / self._every)
        here = canvas[top : top + small.shape[1], left : left + small.shape[2]]
        laid = to_pixels(small[:, : here.shape[0], : here.shape[1]], canvas)
        here[...] = np.rint(laid).astype(np.uint8)


class Easel:
    """Shows previews of one photo by calling `show`; to be finished, or else stopped.

    Of x̂_0 alone, steps that come too fast are left out, but never the last. A picture that cannot
    be made is left out.
    """

    def __init__(
        self,
        photo: Photo,
        card: NetworkCard,
        codec: Codec,
        provenance: Provenance,
        show: Show,
        *,
        walk: bool,
    ) -> None:
        self._photo, self._codec, self._show, self._walk = photo, codec, show, walk
        self._packing = Packing("webp", provenance, QUALITY, "strip")
        self._sketch = Sketch(card, photo.pixels)
        self._drawing: asyncio.Task[None] | None = None
        self._skipped: Progress | None = None
        self._due = 0.0

    async def take(self, progress: Progress) -> None:
        """Show what a step made, if it is time."""
        skipped, self._skipped = self._skipped, None
        if skipped is not None and skipped.region != progress.region:
            # The last estimate of a region stays on the sketch for as long as the photo takes.
            await asyncio.to_thread(self._sketch.paint, skipped.made.x_0, skipped.box)
        if self._walk:
            await self._finish_drawing()
        elif not self._is_time():
            self._skipped = progress
            return
        await self._draw(progress)

    async def finish(self) -> None:
        """Show the last step, if it was left out; returns when all has been shown."""
        await self._finish_drawing()
        if self._skipped is not None:
            await self._draw(self._skipped)
            await self._finish_drawing()

    async def stop(self) -> None:
        """Give up the picture that is being made."""
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.wait({self._drawing})

    def _is_time(self) -> bool:
        idle = self._drawing is None or self._drawing.done()
        return idle and asyncio.get_running_loop().time() >= self._due

    async def _finish_drawing(self) -> None:
        if self._drawing is not None:
            await self._drawing

    async def _draw(self, progress: Progress) -> None:
        self._due = asyncio.get_running_loop().time() + PERIOD_S
        self._skipped = None
        pictures = await asyncio.to_thread(self._pictures, progress)
        place = (progress.step, progress.steps, progress.region, progress.regions)
        self._drawing = asyncio.create_task(self._encode(place, pictures))

    def _pictures(self, progress: Progress) -> dict[Kind, UInt8]:
        made: dict[Kind, UInt8] = {}
        if self._walk:
            made["x_t"] = self._sketch.sampled(progress.made.x_t, progress.box)
        self._sketch.paint(progress.made.x_0, progress.box)
        made["x_0"] = self._sketch.pixels.copy()
        return made

    async def _encode(self, place: tuple[int, int, int, int], pictures: dict[Kind, UInt8]) -> None:
        icc = self._photo.icc
        if icc is not None and len(icc) > MOST_PROFILE_BYTES:
            icc = None  # colours a little off, for a moment
        for kind, pixels in pictures.items():
            small = Photo(
                format="webp", pixels=pixels, icc=icc, orientation=self._photo.orientation
            )
            try:
                file = await self._codec.encode(small, self._packing)
            except Problem:
                return
            image = f"data:image/webp;base64,{b64encode(file.data).decode()}"
            self._show(Preview(*place, kind, file.width, file.height, image))
