from pathlib import Path

import pytest

from service.engine.batching import paying_size, stored_sizes


@pytest.mark.parametrize(
    ("seconds", "size"),
    [
        (lambda n: n * 1.0, 1),  # a CPU: twice the tiles, twice the time
        (lambda _: 1.0, 8),  # an idle GPU: tiles are free
        (lambda n: max(1.0, n / 4), 4),  # full at four
        (lambda n: 0.2 + 0.95 * n, 2),  # a little overhead a batch
    ],
)
def test_the_smallest_batch_that_pays_is_taken(seconds: object, size: int) -> None:
    assert paying_size(seconds) == size  # type: ignore[arg-type]


def test_a_slow_device_is_not_held_up_by_batches_that_bring_nothing() -> None:
    tried: list[int] = []

    def seconds_of(size: int) -> float:
        tried.append(size)
        return float(size**1.2)

    assert paying_size(seconds_of) == 1
    assert max(tried) == 2


def test_sizes_are_measured_once_for_a_device(tmp_path: Path) -> None:
    measured: list[str] = []

    def measure(name: str) -> int:
        measured.append(name)
        return 4

    store = tmp_path / "deep" / "sizes.json"
    for _ in range(2):
        assert stored_sizes(store, "cpu", ["a", "b"], measure) == {"a": 4, "b": 4}
    assert measured == ["a", "b"]
    stored_sizes(store, "gpu", ["a"], measure)
    assert measured == ["a", "b", "a"]


def test_a_store_that_cannot_be_read_costs_a_measurement_and_nothing_else(tmp_path: Path) -> None:
    store = tmp_path / "sizes.json"
    store.write_text("{half")
    assert stored_sizes(store, "cpu", ["a"], lambda _: 2) == {"a": 2}
    assert stored_sizes(Path("/proc/nowhere/sizes.json"), "cpu", ["a"], lambda _: 2) == {"a": 2}
