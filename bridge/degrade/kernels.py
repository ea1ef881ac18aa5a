"""Blur kernels: from a lens, a shutter or a filter to weights float32 [K,K], K odd, sum 1.

Lengths are pixels, angles radians from the x axis towards the y axis (downwards). The
centre of every kernel is the middle of its array, so that blurring moves nothing.
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

SUBSAMPLES = 8  # points a side in each pixel of a disc; points a pixel along a motion path


def gaussian(
    sigma: float, across: float | None = None, angle: float = 0.0, shape: float = 1.0
) -> Float32:
    """Generalised Gaussian exp(-q^shape / 2), q the squared distance in units of sigma.

    Cut where the weight is e^-8 of the peak: at 4 standard deviations of a true Gaussian.

    sigma   along `angle`; above 0                 across  at right angles to it; as `sigma`
    shape   1 is the Gaussian, below it has a sharper peak, above it a flatter one
    """
    across = sigma if across is None else across
    if min(sigma, across, shape) <= 0:
        raise ValueError("sigma, across and shape must be positive")
    half = max(1, int(4 ** (1 / shape) * max(sigma, across) + 0.5))
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    along = (x * np.cos(angle) + y * np.sin(angle)) / sigma
    sideways = (y * np.cos(angle) - x * np.sin(angle)) / across
    return _normalised(np.exp(-0.5 * (along**2 + sideways**2) ** shape))


def box(width: float) -> Float32:
    """Square of side `width` >= 1; pixels at its rim count by the area it covers of them."""
    if width < 1:
        raise ValueError("width must be at least 1")
    half = int(np.ceil((width - 1) / 2))
    offset = np.abs(np.arange(-half, half + 1, dtype=np.float64))
    covered = np.clip(width / 2 - offset + 0.5, 0.0, 1.0)
    return _normalised(np.outer(covered, covered))


def disc(radius: float) -> Float32:
    """The image of a point out of focus: a disc of `radius` >= 0.5, its rim antialiased."""
    if radius < 0.5:
        raise ValueError("radius must be at least 0.5")
    size = 2 * int(np.ceil(radius - 0.5)) + 1
    point = (np.arange(size * SUBSAMPLES) + 0.5) / SUBSAMPLES - size / 2
    inside = point[:, None] ** 2 + point[None, :] ** 2 <= radius**2
    blocks = inside.reshape(size, SUBSAMPLES, size, SUBSAMPLES)
    return _normalised(blocks.mean(axis=(1, 3)))


def motion(length: float, angle: float, bend: float = 0.0) -> Float32:
    """The path of a point while the shutter is open, at constant speed.

    length  of the path, above 0        bend  radians by which its heading turns, in all

    Points along the path are shared among their four pixels bilinearly, as a photo shifted
    by a fraction of a pixel is; so the centroid stays in the middle to the last digit.
    """
    if length <= 0:
        raise ValueError("length must be positive")
    count = max(2, int(np.ceil(length * SUBSAMPLES)))
    place = (np.arange(count) + 0.5) / count - 0.5
    heading = angle + bend * place
    x, y = (np.cumsum(step) * length / count for step in (np.cos(heading), np.sin(heading)))
    x, y = x - x.mean(), y - y.mean()
    half = int(np.ceil(max(np.abs(x).max(), np.abs(y).max())))
    size = 2 * half + 1
    weights = np.zeros(size * size)
    left, top = np.floor(x), np.floor(y)
    for column, share_x in ((left, left + 1 - x), (left + 1, x - left)):
        for row, share_y in ((top, top + 1 - y), (top + 1, y - top)):
            # A path that ends on a pixel gives its neighbour beyond the array a share of 0.
            cell = np.clip(row + half, 0, size - 1) * size + np.clip(column + half, 0, size - 1)
            weights += np.bincount(cell.astype(np.int64), share_x * share_y, size * size)
    return _normalised(weights.reshape(size, size))


def ringing(cutoff: float, half: int = 10) -> Float32:
    """Ideal low-pass at `cutoff` in (0, π] radians a pixel: the rings of sharpeners and codecs.

    The circular sinc ω·J₁(ω·r) / (2π·r), cut off at `half` pixels; Real-ESRGAN's "sinc".
    """
    if not 0 < cutoff <= np.pi:
        raise ValueError("cutoff must lie in (0, π]")
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    squared, place = np.unique(x * x + y * y, return_inverse=True)
    radius = np.sqrt(squared[1:])
    profile = cutoff * _bessel_j1(cutoff * radius) / (2 * np.pi * radius)
    return _normalised(np.concatenate([[cutoff**2 / (4 * np.pi)], profile])[place])


def _bessel_j1(x: Float64) -> Float64:
    """J₁ by Bessel's integral; the rule's error falls faster than any power beyond |x| points."""
    points = 64 + int(np.max(x, initial=0.0))
    tau = 2 * np.pi * np.arange(points) / points
    return np.asarray(np.cos(tau - x[:, None] * np.sin(tau)).mean(axis=1))


def _normalised(weights: Float64) -> Float32:
    return np.asarray(weights / weights.sum(), dtype=np.float32)
