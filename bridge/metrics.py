"""Fidelity of a restoration to its original: PSNR and SSIM on luma, as SR papers report them.

Photos are uint8 [H,W,3]. `crop` pixels are left out on each side, as the benchmarks do.
Both photos must have one shape; otherwise, or where nothing is left to compare, ValueError.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float64 = NDArray[np.float64]

PEAK = 255.0
WINDOW = 11  # pixels a side of SSIM's Gaussian window
SPREAD = 1.5  # its standard deviation, in pixels


def luma(photo: UInt8) -> Float64:
    """BT.601 studio-range luma, float64 [H,W] in 16..235."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.asarray(photo @ weights + 16, dtype=np.float64)


def inner(plane: Float64, crop: int) -> Float64:
    """The plane without `crop` pixels on each side."""
    height, width = plane.shape
    return plane[crop : height - crop, crop : width - crop]


def psnr_y(original: UInt8, restored: UInt8, crop: int = 0) -> float:
    """Peak signal-to-noise ratio of the lumas in dB, peak 255; infinite where equal."""
    a, b = _planes(original, restored, crop, least=1)
    error = float(np.mean((a - b) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(PEAK**2 / error))


def psnr_inside(original: UInt8, restored: UInt8, holes: NDArray[np.bool_]) -> float:
    """PSNR in dB over the holes alone, bool [H,W], of all three channels, peak 255.

    Raises ValueError where there is no hole: nothing was asked of the restoration.
    """
    if original.shape != restored.shape or holes.shape != original.shape[:2] or not holes.any():
        raise ValueError(f"no holes of {original.shape} to compare with {restored.shape}")
    error = float(np.mean((original[holes].astype(np.float64) - restored[holes]) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(PEAK**2 / error))


def ssim_y(original: UInt8, restored: UInt8, crop: int = 0) -> float:
    """Structural similarity of the lumas (Wang et al. 2004, Eq. 13), mean over the plane.

    Gaussian window 11x11, σ 1.5, population moments, K = (0.01, 0.03), L = 255, and only
    windows that lie wholly inside, as the authors' own code has it. 1 where equal.
    """
    a, b = _planes(original, restored, crop, least=WINDOW)
    c_1, c_2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    mean_a, mean_b = _windowed(a), _windowed(b)
    var_a = _windowed(a * a) - mean_a**2
    var_b = _windowed(b * b) - mean_b**2
    covariance = _windowed(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + c_1) * (2 * covariance + c_2)
    return float(np.mean(alike / ((mean_a**2 + mean_b**2 + c_1) * (var_a + var_b + c_2))))


def _planes(original: UInt8, restored: UInt8, crop: int, least: int) -> tuple[Float64, Float64]:
    if original.shape != restored.shape:
        raise ValueError(f"original is {original.shape} but restored is {restored.shape}")
    a, b = inner(luma(original), crop), inner(luma(restored), crop)
    if min(a.shape) < least:
        raise ValueError(f"crop {crop} leaves {a.shape} of {original.shape[:2]}")
    return a, b


def _windowed(plane: Float64) -> Float64:
    """Gaussian-weighted mean of every WINDOW x WINDOW window, [H-10,W-10]."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SPREAD**2))
    weights /= weights.sum()
    rows = sliding_window_view(plane, WINDOW, axis=0) @ weights
    return np.asarray(sliding_window_view(rows, WINDOW, axis=1) @ weights)
