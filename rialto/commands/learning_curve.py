"""The learning curve of a training run: losses and scores into records, one a validation."""

import json
import time
from pathlib import Path

from bridge.train import TrainingRun
from bridge.validation import Validation

Record = dict[str, float | int]


class Log:
    """Records as JSON lines, appended as they happen."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)

    def forget_after(self, iteration: int) -> None:
        """Drop what a killed run wrote beyond the checkpoint that is resumed."""
        if self.file.exists():
            lines = self.file.read_text().splitlines()
            kept = [line for line in lines if json.loads(line)["iteration"] <= iteration]
            self.file.write_text("".join(f"{line}\n" for line in kept))

    def add(self, record: Record) -> None:
        """Append one record."""
        with self.file.open("a") as lines:
            lines.write(json.dumps(record) + "\n")


class Examiner:
    """Makes the records of one run: mean loss since the last one, and how well it restores."""

    def __init__(self, run: TrainingRun, validation: Validation) -> None:
        self._run, self._validation = run, validation
        self._untouched = validation.untouched()
        self._losses: list[float] = []
        self._start = time.monotonic()

    def heed(self, loss: float) -> None:
        """Note the loss of an update."""
        self._losses.append(loss)

    def examine(self) -> Record:
        """Validate. `psnr_y` and `gain` over the untouched photos are in dB."""
        score = self._validation.score(self._run.average)
        losses, self._losses = self._losses, []
        return {
            "iteration": self._run.iteration,
            "loss": sum(losses) / len(losses),
            "psnr_y": score,
            "gain": score - self._untouched,
            "rate": self._run.plan.rate_at(self._run.iteration - 1),
            "seconds": time.monotonic() - self._start,
            "cpu_seconds": time.process_time(),
        }
