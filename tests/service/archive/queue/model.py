"""A model of the queue in plain Python: what a job, a photo and a lease must be after each move."""

from collections import Counter
from dataclasses import dataclass, field

from service.archive.records import PhotoState


@dataclass
class ModelPhoto:
    """`fence` is that of the last lease, for as long as its holder may repeat itself."""

    data: bytes
    state: PhotoState = "waiting"
    attempts: int = 0
    fence: str = ""

    def is_held_by(self, fence: str) -> bool:
        return self.state == "active" and self.fence == fence


@dataclass
class ModelJob:
    """`line` is in the order in which photos must be lent."""

    photos: dict[str, ModelPhoto] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)
    closed: bool = False
    paused: bool = False
    cancelled: bool = False
    finished: bool = False
    endings: int = 0
    restored: int = 0

    @property
    def ended(self) -> bool:
        return self.cancelled or self.finished

    def names(self, state: PhotoState) -> set[str]:
        return {name for name, photo in self.photos.items() if photo.state == state}

    def lends(self, cap: int) -> bool:
        in_work = len(self.names("active"))
        return bool(self.line) and not self.paused and not self.ended and in_work < cap

    def taken(self, name: str, fence: str) -> None:
        assert self.line.pop(0) == name
        photo = self.photos[name]
        assert photo.state == "waiting"
        photo.state, photo.fence = "active", fence
        photo.attempts += 1

    def line_up(self, name: str, *, at_front: bool = False) -> None:
        self.photos[name].state = "waiting"
        self.line.insert(0 if at_front else len(self.line), name)

    def ends(self, name: str, state: PhotoState) -> None:
        self.photos[name].state = state
        self.restored += state == "restored"
        self.settle()

    def settle(self) -> None:
        left = self.names("waiting") | self.names("active") | self.names("delayed")
        if self.closed and not self.ended and not left:
            self.finished = True
            self.endings += 1

    def cancel(self) -> None:
        self.cancelled = True
        self.line = []

    def shown(self, name: str) -> PhotoState:
        """The state that others see: a cancelled job cancels all that had not ended."""
        state = self.photos[name].state
        return state if state in ("restored", "failed") or not self.cancelled else "cancelled"

    def counts(self) -> dict[str, int]:
        shown = Counter(self.shown(name) for name in self.photos)
        return {"total": len(self.photos), **{str(state): n for state, n in shown.items()}}
