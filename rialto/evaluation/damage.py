"""How an evaluation damages its photographs: the protocol of this field's tables.

task       strength           what becomes of the photo; `*` is taken where none is named
sr4x       bicubic *          ÷ 4 by Pillow's antialiased bicubic, rounded to 8 bits
sr4x-real  paper *            Real-ESRGAN's second-order degradation in its own order, ÷ 4
mixture    files *            blur, resizing, noise and JPEG in random order, size kept
jpeg       q1..q100, q10 *    Pillow's JPEG at that quality, 4:2:0
deblur     sigma0.5..sigma4   Gaussian blur of that σ, 1 % of noise, 8 bits; sigma2 *
denoise    noise1..noise75    white Gaussian noise of that σ in grey levels, 8 bits; noise25 *
inpaint    scratches10 *      holes of that many per cent: scratches, or free-form strokes
           freeform1..30      (1 % to that many), or boxes of 64 px
           boxes64            (10 %)

The original's sides are cut to multiples of 4, and 4 pixels a side are left out of PSNR and
SSIM of what was shrunk. Randomness is drawn from the photo's number in its set, and the damaged
files are kept. A hole is mid-grey in the damaged file.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade import kernels, mask
from bridge.degrade.blur import convolve
from bridge.degrade.jpeg import jpeg_bytes
from bridge.degrade.mixture import mixture, shrunken_mixture
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.sensor import sensor_noise
from bridge.degrade.strokes import Mask
from bridge.evaluate import Pair
from bridge.photos import centre_crop, photo_files, read_photo

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SCALE = 4
NOISE = 0.01  # of white: what is added to a blurred photo
GREY = 128  # of a hole in the damaged file
BOX = 64  # side of the boxes, in pixels


@dataclass(frozen=True)
class Damage:
    """A task's protocol.

    name      of the damage, for tables
    baseline  what to call the damaged photo, shown without restoration
    file      (original uint8 [H,W,3], rng) -> the damaged photo's file
    holes     (H, W, rng) -> where the damaged photo is empty; None where it never is
    border    pixels a side left out of PSNR and SSIM
    scale     times that the original is larger than the damaged photo
    suffix    of the damaged photo's file
    kernel    the blur's own kernel, for peers that must be told; None where there is none
    sigma     the noise's own spread in grey levels, for the same; None where there is none
    """

    name: str
    baseline: str
    file: Callable[[UInt8, Generator], bytes]
    holes: Callable[[int, int, Generator], Mask] | None = None
    border: int = 0
    scale: int = 1
    suffix: str = ".png"
    kernel: Float32 | None = None
    sigma: float | None = None

    def show(self, damaged: UInt8) -> UInt8:
        """The damaged photo in the size of the original: the baseline."""
        return enlarge(damaged) if self.scale == SCALE else damaged

    def pair(self, name: str, original: UInt8, number: int = 0) -> Pair:
        """The pair of one photo, the `number`-th of its set; sides cut to multiples of 4."""
        height, width = (side // SCALE * SCALE for side in original.shape[:2])
        clean = np.ascontiguousarray(original[:height, :width])
        rng = default_rng([2, number])
        file = self.file(clean, rng)
        if self.holes is None:
            return Pair(name, clean, decode(file), file)
        hole = self.holes(height, width, rng)
        empty = np.where(hole[..., None], np.uint8(GREY), clean)
        return Pair(name, clean, empty, encode_png(empty), hole)


def damage_of(task: str, strength: str | None = None) -> Damage:
    """The protocol of `task` at `strength`, as the table above has them.

    Raises ValueError for a task without a protocol, or a strength that it does not take.
    """
    find = PROTOCOLS.get(task)
    damage = find and find(strength)
    if not damage:
        raise ValueError(
            f"no protocol for {task} with damage {strength}; there are {', '.join(PROTOCOLS)},"
            " and `rialto.evaluation.damage` lists how strong each may be"
        )
    return damage


def read_pairs(damage: Damage, photos: Path, crop: int, count: int | None = None) -> list[Pair]:
    """A pair for each photograph below `photos`, of its central `crop` pixels; 0 is whole.

    `count` takes only the first so many. Raises ValueError where there is no photograph, or
    one is smaller than the crop.
    """
    pairs = []
    for number, file in enumerate(photo_files(photos)[:count]):
        photo = read_photo(file)
        name = file.relative_to(photos).as_posix()
        pairs.append(damage.pair(name, centre_crop(photo, crop) if crop else photo, number))
    return pairs


def keep_damaged(folder: Path, pairs: Sequence[Pair]) -> None:
    """Write the damaged files, by the photo's name, and masks as NAME.holes.png."""
    for pair in pairs:
        stem = folder / Path(pair.name).with_suffix("")
        stem.parent.mkdir(parents=True, exist_ok=True)
        suffix = ".jpg" if pair.file.startswith(b"\xff\xd8") else ".png"
        stem.with_name(stem.name + suffix).write_bytes(pair.file)
        if pair.holes is not None:
            white = np.where(pair.holes, np.uint8(255), np.uint8(0))
            stem.with_name(f"{stem.name}.holes.png").write_bytes(encode_png(white))


def decode(file: bytes) -> UInt8:
    """uint8 [H,W,3] of an image file's bytes."""
    with Image.open(BytesIO(file)) as image:
        return np.asarray(image.convert("RGB"))


def encode_png(photo: UInt8) -> bytes:
    """A PNG of uint8 [H,W,3] or, grey, [H,W]."""
    encoded = BytesIO()
    Image.fromarray(photo).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def enlarge(photo: UInt8) -> UInt8:
    """Four times larger by Pillow's bicubic: what a viewer makes of the small photo."""
    height, width = photo.shape[:2]
    size = width * SCALE, height * SCALE
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))


def _sr4x(strength: str | None) -> Damage | None:
    def file(clean: UInt8, _: Generator) -> bytes:
        size = clean.shape[1] // SCALE, clean.shape[0] // SCALE
        return encode_png(np.asarray(Image.fromarray(clean).resize(size, Image.Resampling.BICUBIC)))

    if strength in (None, "bicubic"):
        return Damage("bicubic ÷ 4", "bicubic", file, border=4, scale=SCALE)
    return None


def _sr4x_real(strength: str | None) -> Damage | None:
    def file(clean: UInt8, rng: Generator) -> bytes:
        return encode_png(shrunken_mixture(clean, rng, SCALE, paper=True))

    if strength in (None, "paper"):
        name = "Real-ESRGAN's second-order degradation"
        return Damage(name, "bicubic", file, border=4, scale=SCALE)
    return None


def _mixture(strength: str | None) -> Damage | None:
    def file(clean: UInt8, rng: Generator) -> bytes:
        return encode_png(mixture(clean, rng))

    if strength in (None, "files"):
        return Damage("blur, resizing, noise and JPEG in random order", "damaged", file)
    return None


def _jpeg(strength: str | None) -> Damage | None:
    quality = _number("q", strength or "q10", 1, 100)
    if quality is None:
        return None

    def file(clean: UInt8, _: Generator) -> bytes:
        return jpeg_bytes(clean, int(quality))

    return Damage(f"JPEG quality {quality:g}, 4:2:0", "decoded", file, suffix=".jpg")


def _deblur(strength: str | None) -> Damage | None:
    sigma = _number("sigma", strength or "sigma2", 0.5, 4)
    if sigma is None:
        return None
    kernel = kernels.gaussian(sigma)

    def file(clean: UInt8, rng: Generator) -> bytes:
        blurred = convolve(to_signed(clean), kernel)
        return encode_png(to_uint8(sensor_noise(blurred, np.inf, NOISE, rng)))

    name = f"Gaussian blur σ {sigma:g}, {NOISE:.0%} noise"
    return Damage(name, "blurred", file, kernel=kernel, sigma=255 * NOISE)


def _denoise(strength: str | None) -> Damage | None:
    sigma = _number("noise", strength or "noise25", 1, 75)
    if sigma is None:
        return None

    def file(clean: UInt8, rng: Generator) -> bytes:
        return encode_png(to_uint8(sensor_noise(to_signed(clean), np.inf, sigma / 255, rng)))

    return Damage(f"white Gaussian noise σ {sigma:g}", "noisy", file, sigma=sigma)


def _inpaint(strength: str | None) -> Damage | None:
    given = strength or "scratches10"

    def file(clean: UInt8, _: Generator) -> bytes:
        return encode_png(clean)

    if percent := _number("scratches", given, 1, 30):
        name = f"scratches over {percent:g} %"
        share = percent / 100
        return Damage(name, "holed", file, lambda h, w, rng: mask.scratches(h, w, share, rng))
    if most := _number("freeform", given, 1, 30):
        name = f"free-form holes of 1 to {most:g} %"

        def strokes(height: int, width: int, rng: Generator) -> Mask:
            return mask.freeform(height, width, rng.uniform(0.01, most / 100), rng)

        return Damage(name, "holed", file, strokes)
    return Damage("64-px boxes over 10 %", "holed", file, _boxes) if given == "boxes64" else None


def _boxes(height: int, width: int, rng: Generator) -> Mask:
    """As many boxes as come nearest to a tenth of the photo, at least one; they may overlap."""
    boxes = max(1, round(0.1 * height * width / BOX**2))
    # Half a pixel more, so that the last box does not fail by the last digit of a float.
    coverage = (boxes * BOX**2 + 0.5) / (height * width)
    return mask.boxes(height, width, coverage, rng, (BOX, BOX))


def _number(word: str, strength: str, least: float, most: float) -> float | None:
    """The number of a strength such as q10; None where it is another word or out of bounds."""
    found = re.fullmatch(rf"{word}(\d{{1,3}}(?:\.\d+)?)", strength)
    value = float(found[1]) if found else None
    return value if value is not None and least <= value <= most else None


PROTOCOLS: dict[str, Callable[[str | None], Damage | None]] = {
    "sr4x": _sr4x,
    "sr4x-real": _sr4x_real,
    "mixture": _mixture,
    "jpeg": _jpeg,
    "deblur": _deblur,
    "denoise": _denoise,
    "inpaint": _inpaint,
}
