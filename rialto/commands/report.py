"""Outcomes become what a person sees (a bar, a summary) and what a program reads (JSON lines).

People read standard error, programs standard output, so that either can be piped away.
"""

import json
import sys
import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from rialto.client import Progress
from rialto.commands.batch import Outcome


class Report:
    """What became of `total` photos; a `with` block around the work, then `close_books`."""

    def __init__(self, total: int, *, json_lines: bool) -> None:
        self.console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._total = total
        self._json_lines = json_lines
        self._counts: Counter[str] = Counter()
        self._failures: list[Outcome] = []
        self._last: Outcome | None = None
        self._start = time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn() if total > 1 else TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=json_lines or not self.console.is_terminal,
        )
        self._task = self._bar.add_task("restoring", total=total)

    @property
    def shows_steps(self) -> bool:
        """Whether the steps of a photo are worth asking for: one photo, and someone looks."""
        return self._total == 1 and not self._bar.disable

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def step(self, progress: Progress) -> None:
        """Move the bar within the one photo."""
        text = f"step {progress.step} of {progress.steps}"
        self._bar.update(self._task, completed=progress.fraction, description=text)

    def add(self, outcome: Outcome) -> None:
        """Count one photo, and print its line where JSON is asked for."""
        self._counts[outcome.status] += 1
        self._last = outcome
        if outcome.status == "failed":
            self._failures.append(outcome)
        name = escape(outcome.pair.source.name)
        done = self._counts.total()
        self._bar.update(self._task, completed=done, description=name)
        if self._json_lines:
            print(json.dumps(record(outcome), ensure_ascii=False), flush=True, file=sys.stdout)

    def say(self, reason: str) -> None:
        """Print why the work as a whole has ended early."""
        self.console.print(f"[red]stopped[/] {escape(reason)}")

    def close_books(self) -> bool:
        """Print what is left to say; returns whether every photo is restored or was already."""
        for outcome in self._failures:
            line = escape(f"{outcome.pair.source}: {reason(outcome)}")
            self.console.print(f"[red]failed[/] {line}")
        left = self._total - self._counts.total()
        if self._total == 1 and self._last and self._last.restored:
            photo, output = self._last.restored, self._last.pair.output
            text = f"{output}  {photo.network}  {photo.plan}  seed {photo.seed}"
            self.console.print(escape(f"{text}  {self._last.seconds:.1f} s"))
        elif self._total > 1:
            counts = ", ".join(f"{self._counts[name]} {name}" for name in ("restored", "skipped"))
            rest = f", {self._counts['failed']} failed" + (f", {left} not tried" if left else "")
            self.console.print(f"{counts}{rest} in {time.monotonic() - self._start:.1f} s")
        return not self._failures and not left


def reason(outcome: Outcome) -> str:
    """Why the photo failed, in one line."""
    error = outcome.error
    return f"{error}" or type(error).__name__


def record(outcome: Outcome) -> dict[str, object]:
    """One photo as a JSON line says it: what it was, what came of it, how to make it again."""
    line: dict[str, object] = {
        "input": str(outcome.pair.source),
        "output": str(outcome.pair.output),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
    }
    if photo := outcome.restored:
        line |= {
            "content_type": photo.content_type,
            "bytes": len(photo.content),
            "seed": photo.seed,
            "network": photo.network,
            "plan": photo.plan,
            "timing": photo.timing,
            "request_id": getattr(photo, "request_id", None),  # in process there is none
        }
    if error := outcome.error:
        line |= {
            "error": getattr(error, "slug", type(error).__name__),
            "detail": getattr(error, "detail", str(error)),
            "request_id": getattr(error, "request_id", None),
        }
    return line
