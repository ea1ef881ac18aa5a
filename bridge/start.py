"""Where a photo's walk starts: from its pixels to one region's x_1, by the card's recipe.

Only the pixels that the region needs are read, so memory follows the region and not the
photo. Beyond the photo's edge the canvas is filled by repeating the edge; what is restored
there is cut off again.
"""

import numpy as np
from numpy.typing import NDArray

from bridge.contract import NetworkCard
from bridge.degrade.resize import resize_matrix
from bridge.tiles import Box

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]  # [H,W,C], C = 1 (grey) or 3

REACH = 3  # source pixels beyond a window that cubic enlargement reads, rounded up


def white(pixels: Pixels) -> float:
    """The value of white: 255 or 65535, by the photo's bit depth."""
    return float(np.iinfo(pixels.dtype).max)


def signed_window(pixels: Pixels, top: int, left: int, bottom: int, right: int) -> Float32:
    """Pixels of a window as float32 [3,h,w] in [-1,1]; the edge is repeated beyond the photo."""
    height, width = pixels.shape[:2]
    inside = pixels[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    planes = np.moveaxis(inside, -1, 0).astype(np.float32)
    planes *= np.float32(2.0 / white(pixels))
    planes -= np.float32(1.0)
    if planes.shape[0] == 1:
        planes = np.repeat(planes, 3, axis=0)
    missing = (
        (0, 0),
        (max(-top, 0), max(bottom - height, 0)),
        (max(-left, 0), max(right - width, 0)),
    )
    return np.pad(planes, missing, mode="edge") if any(map(any, missing)) else planes


def start_of(card: NetworkCard, pixels: Pixels, box: Box) -> Float32:
    """x_1 [3,box.height,box.width] of the region `box` of the output canvas."""
    top, left = box.top, box.left
    bottom, right = top + box.height, left + box.width
    if card.start == "identity":
        return signed_window(pixels, top, left, bottom, right)
    scale = card.scale
    rows = range(top // scale, -(-bottom // scale))
    columns = range(left // scale, -(-right // scale))
    if card.start == "nearest":
        low = signed_window(pixels, rows.start, columns.start, rows.stop, columns.stop)
        high = low.repeat(scale, axis=1).repeat(scale, axis=2)
        y, x = top - rows.start * scale, left - columns.start * scale
        return high[:, y : y + box.height, x : x + box.width]
    return _enlarge(pixels, scale, rows, columns, box)


def _enlarge(pixels: Pixels, scale: int, rows: range, columns: range, box: Box) -> Float32:
    """Cubic enlargement of a window, equal to that of the whole photo.

    At the photo's own edges the kernel is renormalised, as in training; elsewhere REACH
    more pixels are read and cut off, so a region's border shows nothing.
    """
    height, width = pixels.shape[:2]
    low_top, low_bottom = max(rows.start - REACH, 0), min(rows.stop + REACH, height)
    low_left, low_right = max(columns.start - REACH, 0), min(columns.stop + REACH, width)
    low = signed_window(pixels, low_top, low_left, low_bottom, low_right)
    along_y = resize_matrix(low_bottom - low_top, (low_bottom - low_top) * scale)
    along_x = resize_matrix(low_right - low_left, (low_right - low_left) * scale)
    y, x = box.top - low_top * scale, box.left - low_left * scale
    high = along_y[y : y + box.height] @ low @ along_x[x : x + box.width].T
    beyond = box.height - high.shape[1], box.width - high.shape[2]
    if any(beyond):
        high = np.pad(high, ((0, 0), (0, beyond[0]), (0, beyond[1])), mode="edge")
    return np.asarray(high, dtype=np.float32)
