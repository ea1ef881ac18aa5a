"""Pace: how fast restorations have gone here, and whether one could end in time at all."""

from collections import defaultdict, deque

from service.problems import Problem

REMEMBERED = 16  # restorations of each network
LEAST_WORK = 1.0  # megapixels times evaluations


class TooMuchWork(Problem):
    """A photo and a plan that one request cannot hold, even were it alone on the machine."""

    status = 413
    slug = "too-much-work"
    title = "This is too much work for one request"


class Pace:
    """Seconds of a network's work, learnt from the restorations that ended.

    Work is output megapixels times evaluations. The fastest of the last few counts, since
    slower ones shared the machine: a refusal is for what could not end, not for what might.
    """

    def __init__(self) -> None:
        self._rates: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def learn(self, network: str, work: float, seconds: float) -> None:
        """A restoration of `work` took `seconds`; small ones, mostly overhead, teach nothing."""
        if work >= LEAST_WORK:
            self._rates[network].append(seconds / work)

    def expected_s(self, network: str, work: float) -> float:
        """Seconds that `work` takes at least; 0 while nothing is known."""
        return work * min(self._rates[network], default=0.0)

    def check(self, network: str, megapixels: float, steps: int, limit_s: float) -> None:
        """Raises TooMuchWork where one request cannot see the end of it."""
        expected = self.expected_s(network, megapixels * steps)
        if expected > limit_s:
            raise TooMuchWork(
                f"{steps} steps of {megapixels:.0f} megapixels take about {expected:.0f} seconds,"
                f" and a request may take {limit_s:.0f}. Ask for at most"
                f" {int(steps * limit_s / expected)} steps, or send a smaller photo."
                if steps * limit_s >= expected
                else f"One step of {megapixels:.0f} megapixels takes about"
                f" {expected / steps:.0f} seconds, and a request may take {limit_s:.0f}. Send a"
                " smaller photo."
            )
