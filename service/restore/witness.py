"""The witness of a walk: its steps into pictures while it runs, and into insight afterwards."""

import asyncio
from typing import Self

from bridge.insight import Insight
from bridge.restoration import Progress
from service.photo.codec import Codec
from service.photo.provenance import Provenance
from service.restore.insight import Insights, insights_of
from service.restore.preview import Easel, Show
from service.restore.story import Story


class Witness:
    """Looks on for whoever is told by `show`; where nobody is, it does nothing.

    An async context manager: leaving it early stops the work on pictures.
    """

    def __init__(self, story: Story, codec: Codec, show: Show | None) -> None:
        self._story, self._codec = story, codec
        self._easel: Easel | None = None
        self._insight: Insight | None = None
        if show is None:  # who is not told of the way has no address to ask at afterwards
            return
        card, photo, previews = story.chosen.card, story.photo, story.order.previews
        self._insight = Insight(card, photo.pixels)
        if previews != "none":
            walk = previews == "walk"
            self._easel = Easel(photo, card, codec, story.provenance(), show, walk=walk)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._easel:
            await self._easel.stop()

    async def take(self, progress: Progress) -> None:
        """Look at what a step made."""
        if self._insight:
            await asyncio.to_thread(self._insight.take, progress)
        if self._easel:
            await self._easel.take(progress)

    async def finish(self) -> None:
        """Returns when all pictures have been shown."""
        if self._easel:
            await self._easel.finish()

    async def insights(self, provenance: Provenance) -> Insights | None:
        """After the last step; raises EncodeFailed."""
        return await insights_of(self._insight, self._story.photo, self._codec, provenance)
