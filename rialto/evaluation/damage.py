"""How an evaluation damages its photographs: the protocol of this field's tables.

sr4x  the original, its sides cut to multiples of 4, ÷ 4 by Pillow's antialiased bicubic,
      rounded to 8 bits; 4 pixels a side are left out of PSNR and SSIM
jpeg  Pillow's JPEG at the quality named (`q10`), 4:2:0; nothing is left out

`file` is the damaged photo as a peer is given it: a PNG, or the JPEG file itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.jpeg import jpeg_bytes
from bridge.evaluate import Pair
from bridge.photos import centre_crop, photo_files, read_photo

UInt8 = NDArray[np.uint8]

SCALE = 4


@dataclass(frozen=True)
class Damage:
    """A task's protocol.

    name      of the damage, for tables
    baseline  what to call the damaged photo, shown without restoration
    border    pixels a side left out of PSNR and SSIM
    suffix    of the damaged photo's file
    file      original uint8 [H,W,3] -> the damaged photo's file
    show      damaged pixels -> the baseline, of the original's shape
    """

    name: str
    baseline: str
    border: int
    suffix: str
    file: Callable[[UInt8], bytes]
    show: Callable[[UInt8], UInt8]

    def pair(self, name: str, original: UInt8) -> Pair:
        """The pair of one photo; the original's sides are cut to a multiple of 4."""
        height, width = (side // SCALE * SCALE for side in original.shape[:2])
        clean = np.ascontiguousarray(original[:height, :width])
        return Pair(name, clean, decode(self.file(clean)))


def damage_of(task: str, strength: str | None = None) -> Damage:
    """The protocol of `task`; `strength` is jpeg's quality, `q1` to `q100`, `q10` if None.

    Raises ValueError for a task without a protocol, or a strength it does not take.
    """
    if task == "sr4x" and strength in (None, "bicubic"):
        return Damage("bicubic ÷ 4", "bicubic", 4, ".png", _shrunk, enlarge)
    quality = re.fullmatch(r"q(\d{1,3})", strength or "q10")
    if task == "jpeg" and quality and 1 <= int(quality[1]) <= 100:
        value = int(quality[1])
        name = f"JPEG quality {value}, 4:2:0"
        return Damage(name, "decoded", 0, ".jpg", lambda p: jpeg_bytes(p, value), lambda p: p)
    raise ValueError(f"no protocol for {task} with damage {strength}: sr4x, or jpeg with q1..q100")


def read_pairs(damage: Damage, photos: Path, crop: int, count: int | None = None) -> list[Pair]:
    """A pair for each photograph below `photos`, of its central `crop` pixels; 0 is whole.

    `count` takes only the first so many. Raises ValueError where there is no photograph, or
    one is smaller than the crop.
    """
    pairs = []
    for file in photo_files(photos)[:count]:
        photo = read_photo(file)
        name = file.relative_to(photos).as_posix()
        pairs.append(damage.pair(name, centre_crop(photo, crop) if crop else photo))
    return pairs


def decode(file: bytes) -> UInt8:
    """uint8 [H,W,3] of an image file's bytes."""
    with Image.open(BytesIO(file)) as image:
        return np.asarray(image.convert("RGB"))


def encode_png(photo: UInt8) -> bytes:
    """A PNG of uint8 [H,W,3]."""
    encoded = BytesIO()
    Image.fromarray(photo).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def enlarge(photo: UInt8) -> UInt8:
    """Four times larger by Pillow's bicubic: what a viewer makes of the small photo."""
    height, width = photo.shape[:2]
    size = width * SCALE, height * SCALE
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))


def _shrunk(original: UInt8) -> bytes:
    height, width = original.shape[:2]
    size = width // SCALE, height // SCALE
    return encode_png(np.asarray(Image.fromarray(original).resize(size, Image.Resampling.BICUBIC)))
