"""What a job will take: megapixels and seconds, by a sample of its photos."""

import statistics
from collections.abc import Sequence

from pydantic import BaseModel

from service.archive.records import JobSpec
from service.restore.pace import Pace
from service.tasks import Tasks

SAMPLE = 8
UNKNOWN_S_PER_MEGAPIXEL = 1.0  # of one evaluation, before anything was restored here


class Estimate(BaseModel):
    """`megapixels` of all outputs; `seconds` on this service, were it alone with the job."""

    photos: int
    sampled: int
    megapixels: float
    seconds: float
    measured: bool


def estimate(
    photos: int, sampled_megapixels: Sequence[float], spec: JobSpec, tasks: Tasks, pace: Pace
) -> Estimate:
    """`photos` like those sampled, through every output of `spec`."""
    mean = statistics.fmean(sampled_megapixels) if sampled_megapixels else 0.0
    megapixels = seconds = 0.0
    measured = True
    for output in spec.outputs:
        chosen = tasks.choose(output.choice())
        made = mean * photos * chosen.card.scale**2
        work = made * chosen.plan.steps
        known = pace.expected_s(chosen.card.name, work)
        measured = measured and known > 0
        megapixels += made
        seconds += known or work * UNKNOWN_S_PER_MEGAPIXEL
    return Estimate(
        photos=photos,
        sampled=len(sampled_megapixels),
        megapixels=round(megapixels, 3),
        seconds=round(seconds, 1),
        measured=measured,
    )
