"""A folder of photographs as training data: crops in one array, read at random.

The crops lie in a .npy file beside the checkpoints and are memory-mapped, so that a
training run starts at once when resumed and two runs share one copy in the page cache.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

UInt8 = NDArray[np.uint8]

CROP = 192  # pixels a side
FLAT = 1.5  # grey levels of mean gradient below which a crop has nothing to teach
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}


def photo_files(folder: Path) -> list[Path]:
    """Every photograph below `folder`, sorted; raises ValueError where there is none."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"no photographs ({', '.join(sorted(SUFFIXES))}) below {folder}")
    return files


def read_photo(file: Path) -> UInt8:
    """Decode one photograph to uint8 [H,W,3], colour profile ignored."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def busy(crop: UInt8) -> float:
    """Mean absolute gradient of the green channel, in grey levels."""
    green = crop[..., 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def grid_crops(photo: UInt8) -> Iterator[UInt8]:
    """Non-overlapping CROP x CROP crops, centred on the photo, flat ones left out."""
    height, width = photo.shape[:2]
    top, left = height % CROP // 2, width % CROP // 2
    for y in range(top, height - CROP + 1, CROP):
        for x in range(left, width - CROP + 1, CROP):
            crop = photo[y : y + CROP, x : x + CROP]
            if busy(crop) >= FLAT:
                yield crop


def crop_store(files: list[Path], store: Path) -> UInt8:
    """Crops uint8 [N,CROP,CROP,3] of `files`, memory-mapped from `store`, made where missing."""
    if not store.exists():
        crops = [crop for file in files for crop in grid_crops(read_photo(file))]
        if not crops:
            raise ValueError(f"no photograph has a busy part of {CROP}x{CROP} pixels")
        store.parent.mkdir(parents=True, exist_ok=True)
        partial = store.with_name(f"{store.stem}.{os.getpid()}.partial.npy")  # two runs may start
        np.save(partial, np.stack(crops))
        partial.rename(store)
    mapped: UInt8 = np.load(store, mmap_mode="r")
    return mapped


def centre_crop(photo: UInt8, size: int) -> UInt8:
    """The central size x size pixels; raises ValueError where the photo is smaller."""
    height, width = photo.shape[:2]
    if min(height, width) < size:
        raise ValueError(f"photo of {width}x{height} is smaller than {size}")
    top, left = (height - size) // 2, (width - size) // 2
    return np.ascontiguousarray(photo[top : top + size, left : left + size])


def random_patch(crops: UInt8, size: int, rng: np.random.Generator) -> UInt8:
    """One size x size patch at random; in half the draws the busier of two.

    Flipped and transposed at random, so all eight orientations are seen; one in twenty is
    turned grey, since grey photographs must come back grey and as good.
    """

    def draw() -> UInt8:
        crop = crops[rng.integers(len(crops))]
        y, x = rng.integers(crops.shape[1] - size + 1), rng.integers(crops.shape[2] - size + 1)
        return np.asarray(crop[y : y + size, x : x + size])

    patch = draw()
    if rng.random() < 0.5:
        patch = max(patch, draw(), key=busy)
    if rng.random() < 0.5:
        patch = patch[::-1]
    if rng.random() < 0.5:
        patch = patch[:, ::-1]
    if rng.random() < 0.5:
        patch = patch.transpose(1, 0, 2)
    if rng.random() < 0.05:
        grey = patch @ np.array([0.299, 0.587, 0.114])
        patch = np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)
    return np.ascontiguousarray(patch)
