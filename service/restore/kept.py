"""Finished photos, fetchable for a while: bounded in time and in bytes, the oldest go first."""

from collections import OrderedDict
from collections.abc import Callable

from service.problems import Problem
from service.restore.reply import Restored


class NoSuchRestoration(Problem):
    """Never made, or no longer kept."""

    status = 404
    slug = "no-such-restoration"
    title = "There is no such restoration"


class Kept:
    """Restorations by id.

    `clock` gives seconds that only rise; `later(seconds, call)` calls back, so that photos go
    even when nobody comes any more. An event loop's `time` and `call_later` are both.
    """

    def __init__(
        self,
        seconds: float,
        max_bytes: int,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._seconds, self._max_bytes = seconds, max_bytes
        self._clock, self._later = clock, later
        self._photos: OrderedDict[str, tuple[float, Restored]] = OrderedDict()

    def put(self, key: str, restored: Restored) -> None:
        """Keep one; a photo larger than all the room still stays until the next comes."""
        self._photos[key] = self._clock() + self._seconds, restored
        self._later(self._seconds, self._forget)
        self._forget()

    def get(self, key: str) -> Restored:
        """The restoration of this id; raises NoSuchRestoration."""
        self._forget()
        if key not in self._photos:
            raise NoSuchRestoration(
                f"It is kept for {self._seconds:g} seconds at most. Restore the photo again."
            )
        return self._photos[key][1]

    def _forget(self) -> None:
        now = self._clock()
        held = sum(len(restored.data) for _, restored in self._photos.values())
        for key, (expiry, restored) in list(self._photos.items()):
            crowded = held > self._max_bytes and len(self._photos) > 1
            if expiry > now and not crowded:
                break
            del self._photos[key]
            held -= len(restored.data)
