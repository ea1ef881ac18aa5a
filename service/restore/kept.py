"""What has ended, findable for a while: bounded in time and in bytes, the oldest go first."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from service.problems import Problem


class NoSuchRestoration(Problem):
    """Never made, or no longer kept."""

    status = 404
    slug = "no-such-restoration"
    title = "There is no such restoration"


class Weighty(Protocol):
    """Something that takes memory."""

    @property
    def nbytes(self) -> int:
        """How much."""
        ...


T = TypeVar("T", bound=Weighty)


class Kept(Generic[T]):
    """Ended restorations by id.

    `clock` gives seconds that only rise; `later(seconds, call)` calls back, so that they go
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
        self._entries: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def put(self, key: str, entry: T) -> None:
        """Keep one; an entry larger than all the room still stays until the next comes."""
        self._entries[key] = self._clock() + self._seconds, entry
        self._later(self._seconds, self._forget)
        self._forget()

    def get(self, key: str) -> T:
        """The restoration of this id; raises NoSuchRestoration."""
        self._forget()
        if key not in self._entries:
            raise self.refusal()
        return self._entries[key][1]

    def refusal(self) -> NoSuchRestoration:
        """The problem of an id that is none; one that is another's is told the same."""
        return NoSuchRestoration(
            f"It is kept for {self._seconds:g} seconds at most. Restore the photo again."
        )

    def drop(self, key: str) -> None:
        """Forget one now; raises NoSuchRestoration."""
        self.get(key)
        del self._entries[key]

    def _forget(self) -> None:
        now = self._clock()
        held = sum(entry.nbytes for _, entry in self._entries.values())
        for key, (expiry, entry) in list(self._entries.items()):
            crowded = held > self._max_bytes and len(self._entries) > 1
            if expiry > now and not crowded:
                break
            del self._entries[key]
            held -= entry.nbytes
