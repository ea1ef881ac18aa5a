"""The classical methods: each is told what ours has to find out, and restores one photo.

Photos are uint8 [H,W,3]. Deconvolution knows the blur's true kernel and denoising the noise's
true spread; beyond the frame the photo is taken to be reflected, as the damage takes it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]
Classical = Callable[[Array, "Told", float], Array]

HOLE_REACH = 3  # pixels around a hole that inpainting looks at, OpenCV's usual radius


@dataclass(frozen=True)
class Told:
    """What a peer is told beside the photo: kernel [K,K], noise σ in grey levels, holes [H,W]."""

    kernel: Array | None
    sigma: float | None
    holes: Array | None


def told_of(source: Path, stem: str) -> Told:
    """What lies beside the photos: kernel.npy, noise.json, holes/STEM.png, where there are any."""
    kernel, noise, holes = (
        source / name for name in ("kernel.npy", "noise.json", f"holes/{stem}.png")
    )
    mask = None
    if holes.exists():
        with Image.open(holes) as image:
            mask = np.asarray(image.convert("L")) > 0
    return Told(
        np.load(kernel) if kernel.exists() else None,
        json.loads(noise.read_text())["sigma"] if noise.exists() else None,
        mask,
    )


def inpainted(method: str) -> Classical:
    """OpenCV's `INPAINT_NS` (Navier-Stokes) or `INPAINT_TELEA`."""
    import cv2

    flag = getattr(cv2, method)
    return lambda photo, told, _: cv2.inpaint(
        photo, np.asarray(told.holes, np.uint8), HOLE_REACH, flag
    )


def richardson_lucy(photo: Array, told: Told, iterations: float) -> Array:
    """scikit-image's, so many iterations."""
    from skimage import restoration

    return _by_channel(
        photo,
        told.kernel,
        lambda plane: restoration.richardson_lucy(plane, told.kernel, num_iter=int(iterations)),
    )


def wiener(photo: Array, told: Told, balance: float) -> Array:
    """scikit-image's, with a Laplacian prior of weight `balance`."""
    from skimage import restoration

    return _by_channel(
        photo, told.kernel, lambda plane: restoration.wiener(plane, told.kernel, balance)
    )


def non_local_means(photo: Array, told: Told, strength: float) -> Array:
    """scikit-image's on all channels together, its cut-off `strength` times the noise's σ."""
    from skimage import restoration

    spread = (told.sigma or 0) / 255
    restored = restoration.denoise_nl_means(
        photo / 255,
        patch_size=5,
        patch_distance=6,
        h=strength * spread,
        sigma=spread,
        channel_axis=-1,
    )
    return _grey_levels(restored)


def bm3d(photo: Array, told: Told, _: float) -> Array:
    """Its authors' own, in luma and chroma, both stages."""
    import bm3d as authors

    return _grey_levels(authors.bm3d_rgb(photo / 255, (told.sigma or 0) / 255))


def _by_channel(photo: Array, kernel: Array | None, restore: Callable[[Array], Array]) -> Array:
    """Each channel alone, 0..1, with a reflected margin as wide as the kernel."""
    margin = len(kernel) if kernel is not None else 0
    border = ((margin, margin), (margin, margin))
    planes = [restore(np.pad(photo[..., c] / 255, border, mode="reflect")) for c in range(3)]
    restored = np.stack(planes, axis=-1)
    return _grey_levels(restored[margin:-margin, margin:-margin])


def _grey_levels(photo: Array) -> Array:
    return np.rint(np.clip(photo, 0, 1) * 255).astype(np.uint8)


CLASSICAL: dict[str, Callable[[], Classical]] = {
    "navier-stokes": lambda: inpainted("INPAINT_NS"),
    "telea": lambda: inpainted("INPAINT_TELEA"),
    "richardson-lucy": lambda: richardson_lucy,
    "wiener": lambda: wiener,
    "nl-means": lambda: non_local_means,
    "bm3d": lambda: bm3d,
}
