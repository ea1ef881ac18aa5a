"""A run: one restoration that does not end with the connection that asked for it.

Whoever watches reads its journal, from the beginning or from where a lost connection broke off.
Where nobody has watched for `grace_s` it is cancelled, unless it was asked for without a watcher.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

from bridge.restoration import Progress
from service.errors import InternalError
from service.problems import Problem
from service.restore import Made, Show
from service.restore.journal import Journal
from service.restore.preview import Preview
from service.restore.reply import Accepted, Restored

log = logging.getLogger("rialto.restore")

Open = Callable[[Show], AsyncGenerator[Made]]
RECORD_BYTES = 4096  # of a run without its events and its photo, roughly


class Cancelled(Problem):
    """Somebody asked for its end, or nobody waited for it any more."""

    status = 410
    slug = "restoration-cancelled"
    title = "The restoration was cancelled"


@dataclass(frozen=True)
class Asked:
    """What a run is about, for those who ask how far it is, and how its problems are told.

    owner   whose key asked for it; empty where the service asks for none
    """

    task: str
    preset: str
    seed: int
    steps: int
    tell: Callable[[Problem], Mapping[str, Any]]
    owner: str = ""


class Run:
    """One restoration under way or at its end; `begin` starts it.

    place      held until the end        on_end   is called then
    detached   nobody needs to watch     restored, problem   how it ended; both None before
    """

    def __init__(
        self, key: str, asked: Asked, journal: Journal, grace_s: float, *, detached: bool
    ) -> None:
        self.key, self.journal, self.detached = key, journal, detached
        self.restored: Restored | None = None
        self.problem: Problem | None = None
        self._asked, self._grace_s = asked, grace_s
        self._progress: dict[str, float] = {}
        self._watchers, self._reason = 0, "The service is stopping."
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def href(self) -> str:
        """Where the run, and later the photo, is found."""
        return f"/restorations/{self.key}"

    @property
    def owner(self) -> str:
        """Who may read it, and cancel it."""
        return self._asked.owner

    @property
    def nbytes(self) -> int:
        """What it takes of the memory that is set aside for finished photos."""
        made = self.restored
        photo = len(made.data) + len(made.invention) if made else 0
        return photo + self.journal.nbytes + RECORD_BYTES

    def begin(self, open_walk: Open, place: ExitStack, on_end: Callable[["Run"], None]) -> None:
        """Start to work; needs a running event loop."""
        self._task = asyncio.create_task(self._work(open_walk))
        self._task.add_done_callback(lambda _: self._end(place, on_end))
        self._expect_watchers()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While somebody reads the journal."""
        self._watchers += 1
        if self._timer is not None:
            self._timer.cancel()
        try:
            yield
        finally:
            self._watchers -= 1
            self._expect_watchers()

    async def cancel(self, reason: str | None = None) -> None:
        """Stop within one step; returns when it has ended, whichever way."""
        task = self._task
        if task is not None:
            self._reason = reason or self._reason
            task.cancel()
            await asyncio.wait({task})

    def state(self) -> dict[str, Any]:
        """How far it is."""
        nothing = {"step": 0, "steps": self._asked.steps, "fraction": 0.0, "eta_seconds": None}
        return {
            "id": self.key,
            "state": "running" if self._progress else "waiting",
            "task": self._asked.task,
            "preset": self._asked.preset,
            "seed": self._asked.seed,
            **(self._progress or nothing),
            "events": f"{self.href}/events",
        }

    async def _work(self, open_walk: Open) -> None:
        start = monotonic()
        try:
            async with aclosing(open_walk(self._show)) as walk:
                async for made in walk:
                    if isinstance(made, Accepted):
                        asked = self._asked
                        facts = {"id": self.key, "task": asked.task, "preset": asked.preset}
                        self.journal.add("accepted", {**facts, "seed": asked.seed, **asdict(made)})
                    elif isinstance(made, Progress):
                        self._progress = _progress(made, monotonic() - start)
                        self.journal.add("progress", self._progress)
                    else:
                        self.restored = made
        except Problem as problem:
            # Anew: the one that was raised holds its frames, and with them the photo.
            self.problem = type(problem)(problem.detail)
        except Exception:
            log.exception("a restoration failed")
            self.problem = InternalError("The log knows more.")

    def _show(self, preview: Preview) -> None:
        self.journal.add("preview", asdict(preview))

    def _end(self, place: ExitStack, on_end: Callable[["Run"], None]) -> None:
        """After the task, even one that was cancelled before it began."""
        self._task = None
        if self._timer is not None:
            self._timer.cancel()
        place.close()
        if self.restored is not None:
            facts = {"id": self.key, "href": self.href, **self.restored.facts()}
            self.journal.add("done", facts)
        else:
            self.problem = self.problem or Cancelled(self._reason)
            self.journal.add("problem", self._asked.tell(self.problem))
        on_end(self)
        self.journal.close()

    def _expect_watchers(self) -> None:
        if self._task is None or self._watchers or self.detached:
            return
        self._timer = asyncio.get_running_loop().call_later(self._grace_s, self._give_up)

    def _give_up(self) -> None:
        if self._task is not None:
            self._reason = f"Nobody came back to its events within {self._grace_s:g} seconds."
            self._task.cancel()


def _progress(progress: Progress, seconds: float) -> dict[str, float]:
    left = seconds / progress.fraction - seconds
    return {
        "step": progress.step,
        "steps": progress.steps,
        "region": progress.region,
        "regions": progress.regions,
        "fraction": round(progress.fraction, 4),
        "seconds": round(seconds, 3),
        "eta_seconds": round(left, 3),
    }
