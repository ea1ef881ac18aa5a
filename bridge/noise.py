"""One noise field for every photo: noise(seed, step, y, x, channel), and nothing else.

A pixel's noise does not depend on tiles, regions, batches, workers or the order of work,
so neither does the restored photo. Blocks of 64×64×3 draw 16-bit integers from Philox
(Salmon et al. 2011), whose raw stream NumPy keeps stable, and turn each into a normal by
a table of 65,536 quantiles: no libm call that may differ between machines stands in the
way, and a megapixel costs some 10 ms. The normals reach ±4.2 σ, their variance is 1.
"""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

BLOCK = 64  # pixels a side
CHANNELS = 3
LEVELS = 2**16
HOLE = 2**32 - 1  # the step under which a hole's first content is drawn


@lru_cache(maxsize=1)
def quantiles() -> Float32:
    """Φ⁻¹((k + ½)/65536) for every k, scaled to variance 1, float32 [65536]."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((k + 0.5) / LEVELS) for k in range(LEVELS // 2, LEVELS)])
    table = np.concatenate([-upper[::-1], upper])
    table /= np.sqrt(np.mean(table**2))
    return table.astype(np.float32)


def noise_block(seed: int, step: int, row: int, column: int) -> Float32:
    """The block at block coordinates (row, column): standard normals [3,BLOCK,BLOCK]."""
    stream = np.random.Philox(key=[seed, step], counter=[0, row, column, 0])
    raw = stream.random_raw(CHANNELS * BLOCK * BLOCK // 4).astype("<u8", copy=False)
    block: Float32 = quantiles()[raw.view("<u2")].reshape(CHANNELS, BLOCK, BLOCK)
    return block


def noise_field(seed: int, step: int, top: int, left: int, height: int, width: int) -> Float32:
    """Standard normals [3,height,width] of the window at (top, left) of the whole photo.

    seed   0 ≤ seed < 2**64, the photo's        step   0 ≤ step < 2**32, from the plan
    Raises ValueError where one is out of range.
    """
    if not 0 <= seed < 2**64 or not 0 <= step < 2**32:
        raise ValueError("seed must lie in 0..2^64-1 and step in 0..2^32-1")
    rows = range(top // BLOCK, -(-(top + height) // BLOCK))
    columns = range(left // BLOCK, -(-(left + width) // BLOCK))
    field = np.empty((CHANNELS, len(rows) * BLOCK, len(columns) * BLOCK), np.float32)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            y, x = i * BLOCK, j * BLOCK
            field[:, y : y + BLOCK, x : x + BLOCK] = noise_block(seed, step, row, column)
    y, x = top - rows.start * BLOCK, left - columns.start * BLOCK
    return field[:, y : y + height, x : x + width]
