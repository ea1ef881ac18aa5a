"""Where on a schedule the network is evaluated: a number of steps into indices."""

from bridge.contract import GridName


def space_indices(count: int, wanted: int) -> list[int]:
    """`wanted` indices from 0 to count-1 as the official code spaces them, ascending.

    The stride is accumulated in floating point and rounded half to even, so the gaps are
    not all equal: space_indices(1000, 5) is [0, 250, 500, 749, 999].
    """
    if not 2 <= wanted <= count:
        raise ValueError(f"can't space {wanted} indices over {count}")
    stride = (count - 1) / (wanted - 1)
    position, indices = 0.0, []
    for _ in range(wanted):
        indices.append(round(position))
        position += stride
    return indices


def grid_indices(grid: GridName, steps: int, interval: int) -> list[int]:
    """The `steps` indices at which the network is evaluated, from N-1 down, 0 left out.

    `quadratic` crowds them at the clean end, where fine detail is made: index (N-1)(i/n)².
    """
    if not 1 <= steps < interval:
        raise ValueError(f"steps must lie in 1..{interval - 1}, not {steps}")
    if grid == "uniform":
        return space_indices(interval, steps + 1)[:0:-1]
    indices = [round((interval - 1) * (i / steps) ** 2) for i in range(1, steps + 1)]
    indices[0] = max(indices[0], 1)
    for i in range(1, steps):  # many steps round to the same index near 0: keep them apart
        indices[i] = max(indices[i], indices[i - 1] + 1)
    return indices[::-1]
