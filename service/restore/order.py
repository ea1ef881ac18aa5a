"""An order: what a caller wishes of one photo, and how long they wait for it."""

from dataclasses import dataclass, field

from service.engine import Priority
from service.restore.pack import Wrapping
from service.restore.preview import Previews
from service.tasks import Choice


@dataclass(frozen=True)
class Order:
    """What a caller asks for: task and plan, seed, and how the answer is wrapped.

    previews      pictures of the steps, for callers who listen
    deadline_ms   after which the best estimate so far is the answer; None: when it is done
    """

    choice: Choice
    seed: int = 0
    wrapping: Wrapping = field(default_factory=Wrapping)
    priority: Priority = Priority.INTERACTIVE
    previews: Previews = "none"
    deadline_ms: int | None = None

    @property
    def writing(self) -> str:
        """The work of writing its answer, as the pace knows it."""
        return f"writing {self.wrapping.format}"

    def patience_s(self, limit_s: float) -> float:
        """Seconds the caller waits, `limit_s` at most."""
        return limit_s if self.deadline_ms is None else min(self.deadline_ms / 1000, limit_s)
