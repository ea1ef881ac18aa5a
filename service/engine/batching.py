"""How many tiles pay in one batch on this device: measured once, stored, not guessed.

A larger batch keeps an interactive tile waiting longer, so it has to earn its place: the
smallest size within PAYS of the best throughput is taken.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bridge.contract import batch_inputs
from service.engine.probe import probe_tile
from service.engine.repository import NetworkFile

SIZES = (1, 2, 4, 8)
RUNS = 3
PAYS = 0.9  # share of the best throughput that the chosen size must reach

_Stored = TypeAdapter(dict[str, dict[str, int]])


def paying_size(seconds_of: Callable[[int], float]) -> int:
    """The smallest batch within PAYS of the best tiles per second.

    `seconds_of(size)` runs one batch and says how long it took. Sizes are tried upwards and
    no further once one brings nothing, so a slow device is not held up by batches of 8.
    """
    rates: dict[int, float] = {}
    for size in SIZES:
        seconds_of(size)  # the first run of a shape pays for allocations
        rates[size] = size / statistics.median(seconds_of(size) for _ in range(RUNS))
        if rates[size] * PAYS < max(rates.values()) and size > 1 and rates[size] < rates[size // 2]:
            break
    best = max(rates.values())
    return next(size for size, rate in rates.items() if rate >= PAYS * best)


def stored_sizes(
    store: Path, device: str, names: list[str], measure: Callable[[str], int]
) -> dict[str, int]:
    """Batch sizes by network for `device`: read from `store`, or measured and put there.

    A store that cannot be read or written costs a measurement and nothing else.
    """
    try:
        known = _Stored.validate_json(store.read_bytes())
    except (OSError, ValidationError):
        known = {}
    sizes = known.get(device, {})
    if set(sizes) != set(names):
        sizes = {name: measure(name) for name in names}
        known[device] = sizes
        try:
            store.parent.mkdir(parents=True, exist_ok=True)
            partial = store.with_name(store.name + ".partial")
            partial.write_text(json.dumps(known, indent=1))
            partial.replace(store)
        except OSError:
            pass
    return sizes


def measured_size(file: NetworkFile) -> int:
    """The batch size that pays for this network's full tile."""
    tile = probe_tile(file.card, file.card.tile.size)

    def run(size: int) -> None:
        file.session.run(batch_inputs(file.card, [tile] * size))

    return paying_size(timed(run))


def timed(run: Callable[[int], object]) -> Callable[[int], float]:
    """`run(size)` as seconds."""

    def seconds_of(size: int) -> float:
        start = time.perf_counter()
        run(size)
        return time.perf_counter() - start

    return seconds_of
