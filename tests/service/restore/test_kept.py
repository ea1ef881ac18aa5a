import weakref
from collections.abc import Callable

import pytest

from service.restore.kept import Kept, NoSuchRestoration


class Entry:
    """Something of a size."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


class Clock:
    """Seconds that rise when told, and calls that come when their time has."""

    def __init__(self) -> None:
        self.now, self.calls = 0.0, list[tuple[float, Callable[[], None]]]()

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((self.now + seconds, call))

    def go_to(self, now: float) -> None:
        self.now = now
        for due, call in self.calls:
            if due <= now:
                call()


def test_a_photo_is_kept_for_its_time_and_then_gone() -> None:
    clock = Clock()
    kept = Kept(10, 1000, clock, clock.later)
    kept.put("one", Entry(1))
    clock.now = 9.9
    assert kept.get("one").nbytes == 1
    clock.now = 10.1
    with pytest.raises(NoSuchRestoration, match="10 seconds"):
        kept.get("one")


def test_the_oldest_go_when_there_is_no_room() -> None:
    clock = Clock()
    kept = Kept(10, 100, clock, clock.later)
    for name in ("one", "two", "three"):
        kept.put(name, Entry(50))
    with pytest.raises(NoSuchRestoration):
        kept.get("one")
    assert kept.get("two")
    assert kept.get("three")


def test_a_photo_larger_than_all_the_room_is_still_handed_over() -> None:
    clock = Clock()
    kept = Kept(10, 100, clock, clock.later)
    kept.put("small", Entry(50))
    kept.put("large", Entry(500))
    assert kept.get("large")


def test_a_photo_goes_even_when_nobody_comes_any_more() -> None:
    clock = Clock()
    kept, made = Kept(10, 1000, clock, clock.later), Entry(1)
    gone = weakref.ref(made)
    kept.put("one", made)
    del made
    clock.go_to(10.1)
    assert gone() is None


def test_what_is_dropped_is_gone_at_once() -> None:
    clock = Clock()
    kept = Kept(10, 100, clock, clock.later)
    kept.put("one", Entry(50))
    kept.drop("one")
    with pytest.raises(NoSuchRestoration):
        kept.drop("one")
