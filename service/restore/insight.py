"""Insight: what a walk tells of its result, made ready for those who ask for it later.

The map of what was invented becomes a small WebP with alpha, upright as the photo is, to be laid
over it; the numbers stay numbers.
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bridge.insight import STRONG, TOLERANCE, Consistency, Insight, overlay
from service.photo.codec import Codec
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.photo.savers import Packing

QUALITY = 80


@dataclass(frozen=True)
class Insights:
    """What is kept of one restoration's insight.

    consistency  None where the task's damage cannot be done again
    invented     mean distance from the one-step estimate, grey levels of 255
    strong       share of the photo where it is at least STRONG, 0..1
    overlay      the map as a WebP
    """

    consistency: Consistency | None
    invented: float
    strong: float
    overlay: bytes

    def facts(self) -> dict[str, Any]:
        """The numbers, as the door tells them."""
        return {
            "consistency": self.consistency and asdict(self.consistency),
            "tolerance": TOLERANCE,
            "invented": round(self.invented, 4),
            "strongly_invented": round(self.strong, 6),
        }


async def insights_of(
    insight: Insight | None, photo: Photo, codec: Codec, provenance: Provenance
) -> Insights | None:
    """After the last step, where the walk was watched; raises EncodeFailed."""
    if insight is None:
        return None
    consistency = await asyncio.to_thread(insight.consistency)
    distance = insight.invention()
    shown = overlay(distance)
    small = Photo(
        format="webp",
        pixels=np.ascontiguousarray(shown[..., :3]),
        alpha=np.ascontiguousarray(shown[..., 3]),
        orientation=photo.orientation,
    )
    file = await codec.encode(small, Packing("webp", provenance, QUALITY, "strip"))
    strong = float(np.mean(distance >= STRONG))
    return Insights(consistency, float(distance.mean()), strong, file.data)
