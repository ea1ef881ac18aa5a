"""What a soak saw, what must hold of it, and the table."""

import statistics
from dataclasses import dataclass
from signal import SIGTERM

from benchmarks.machine import percentile
from benchmarks.soak_callers import OUTCOMES, Tally
from benchmarks.soak_watch import Killer, Memory

GROWTH_MIB = 64.0  # of the service, from the second quarter to the last


@dataclass(frozen=True)
class Check:
    """One thing that must hold at the end."""

    what: str
    holds: bool


@dataclass
class Soak:
    """Callers' tally, the service's own counts, kills, memory, and what was left behind."""

    seconds: float
    tally: Tally
    service: dict[str, float]
    killer: Killer
    memory: Memory
    left: list[str]
    orphans: list[int]
    codes: tuple[int, int]

    def checks(self) -> list[Check]:
        """What must hold."""
        return [*self._sums(), *self._traces()]

    def _sums(self) -> list[Check]:
        tally, ended = self.tally, self.tally.ended
        restored, failed = self.service.get("restored", 0), self.service.get("failed", 0)
        gone = ended["cancelled"]  # some had been answered when they left
        parts = " + ".join(f"{name} {ended[name]}" for name in OUTCOMES)
        return [
            Check(f"started {tally.started} = {parts}", tally.started == ended.total()),
            Check(
                f"the service restored {restored:.0f}: the finished, and some who had left",
                ended["finished"] <= restored <= ended["finished"] + gone,
            ),
            Check(
                f"the service failed {failed:.0f}: the failed, and some who had left",
                ended["failed"] - tally.broken <= failed <= ended["failed"] + gone,
            ),
            Check("no photo is in progress", self.service["in progress"] == 0),
        ]

    def _traces(self) -> list[Check]:
        kills, grown = self.killer.kills, self.memory.grown("service")
        back = all(kill.back_s > 0 for kill in kills)  # NaN where it never was
        return [
            Check(f"Triton came back from all {len(kills)} kills", back),
            Check(f"left in /dev/shm and temporary files: {self.left or 0}", not self.left),
            Check(f"processes left: {len(self.orphans)}", not self.orphans),
            Check(
                f"the service and Triton ended with {self.codes}",
                # uvicorn ends in order, and then by the signal that it was sent.
                self.codes in ((0, 0), (-SIGTERM, 0)),
            ),
            Check(
                f"the service grew by {grown:.0f} MiB (at most {GROWTH_MIB:.0f})",
                grown <= GROWTH_MIB,
            ),
        ]

    def report(self, callers: int) -> None:
        """Print the table."""
        waited = self.tally.seconds or [float("nan")]
        print(f"| {self.seconds:.0f} s, {callers} callers | |\n|---|---|")
        print(
            "| a photo that was waited for, p50 / p99 |"
            f" {statistics.median(waited):.2f} / {percentile(waited, 0.99):.2f} s |"
        )
        for what in sorted({kill.what for kill in self.killer.kills}):
            back = [kill.back_s for kill in self.killer.kills if kill.what == what]
            print(
                f"| {what} killed {len(back)} times; evaluated again after, p50 / most |"
                f" {statistics.median(back):.1f} / {max(back):.1f} s |"
            )
        for part, mib in self.memory.seen.items():
            figures = f"{mib[len(mib) // 4]:.0f} / {mib[-1]:.0f} / {max(mib):.0f}"
            print(f"| {part}, MiB: early / last / most | {figures} |")
        for reason, count in self.tally.reasons.most_common():
            print(f"| {reason} | {count} |")
        for check in self.checks():
            print(f"| {check.what} | {'holds' if check.holds else '**does not hold**'} |")
