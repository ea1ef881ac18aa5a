"""ONE photo, from a request's body to an answer: accept → decode → enqueue → infer → pack → reply.

The stages import nothing of each other's work; only the spine below knows their order.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import uuid4

from bridge.holes import Mask
from bridge.restoration import Progress
from service.engine import Engine, Priority
from service.photo.codec import Codec
from service.photo.photo import Photo
from service.restore.accept import Upload
from service.restore.deadline import Budget, check_possible
from service.restore.decode import Answerable, decode
from service.restore.enqueue import Line
from service.restore.infer import Work, infer
from service.restore.order import Order
from service.restore.pace import Pace
from service.restore.pack import pack
from service.restore.preview import Show
from service.restore.reply import Accepted, Restored
from service.restore.stopwatch import Stopwatch
from service.restore.story import Story
from service.restore.witness import Witness
from service.tasks import Chosen, Tasks
from service.telemetry import Telemetry

__all__ = ["Made", "Order", "Restorer", "Show"]

UNKNOWN_WRITING_S = 0.1  # a megapixel, before any photo was written here

Made = Accepted | Progress | Restored


@dataclass(frozen=True)
class Restorer:
    """The rooms that a photo passes, put together."""

    tasks: Tasks
    codec: Codec
    line: Line
    engine: Engine
    telemetry: Telemetry
    max_output_megapixels: float
    deadline_s: float
    pace: Pace = field(default_factory=Pace)

    async def restore(
        self, upload: Upload, order: Order, show: Show | None = None
    ) -> AsyncGenerator[Made]:
        """Yields Accepted, Progress after every step, then Restored; raises Problems.

        `show` is called with the previews that the order wishes for. Closing the iteration stops
        the work within one step.
        """
        chosen = self.tasks.choose(order.choice)
        arrived = asyncio.get_running_loop().time()
        deadline, soon = arrived + self.deadline_s, arrived + order.patience_s(self.deadline_s)
        watch = Stopwatch(order.choice.task, order.priority.name.lower(), self.telemetry)
        async with watch.stage("decode", soon):
            answerable = Answerable(self.max_output_megapixels, order.wrapping.format)
            decoded = await decode(upload, self.codec, chosen.card, answerable)
        photo = restored = decoded.photo
        budget = self._budget(order, chosen, photo, soon)
        yield Story(order, chosen, photo, self.engine.runtime).accepted()
        async with watch.stage("wait", soon):
            turn = await self.line.turn(photo.pixels.nbytes)
        with turn:
            # A version may have gone live while the photo stood in line, and the old one gone.
            chosen = self.tasks.choose(order.choice)
            story = Story(order, chosen, photo, self.engine.runtime)
            work = _work(story, decoded.holes, arrived, deadline, budget)
            async with (
                Witness(story, self.codec, show) as witness,
                aclosing(self._walk(photo, work, witness, watch)) as walk,
            ):
                async for made in walk:
                    if isinstance(made, Photo):
                        restored = made
                    else:
                        yield made
                story = replace(story, stopped_after=budget.fewest if budget else None)
                async with watch.stage("pack", deadline):
                    encoded = await pack(restored, self.codec, order.wrapping, story.provenance())
                    insights = await witness.insights(story.provenance())
                await witness.finish()
        self._learn(story, restored.megapixels, watch)
        yield story.restored(encoded, watch.milliseconds, upload.name, insights)

    async def _walk(
        self, photo: Photo, work: Work, witness: Witness, watch: Stopwatch
    ) -> AsyncGenerator[Progress | Photo]:
        """The steps, timed and shown, then the restored pixels."""
        with watch.timed("infer") as span:
            async for made in infer(photo, work, self.engine, self.telemetry):
                if isinstance(made, Progress):
                    span.event("step", step=made.step, region=made.region)
                    await witness.take(made)
                yield made

    def _budget(self, order: Order, chosen: Chosen, photo: Photo, end: float) -> Budget | None:
        """The caller's time for the steps, where it set one; refuses what could not be in time."""
        card, steps = chosen.card, chosen.plan.steps
        megapixels = photo.megapixels * card.scale**2
        if order.deadline_ms is None:
            if order.priority is Priority.INTERACTIVE:
                self.pace.check(card.name, megapixels, steps, self.deadline_s)
            return None
        end -= self.pace.expected_s(order.writing, megapixels) or UNKNOWN_WRITING_S * megapixels
        left_s = end - asyncio.get_running_loop().time()
        check_possible(self.pace.expected_s(card.name, megapixels), left_s, order.deadline_ms)
        return Budget(end)

    def _learn(self, story: Story, megapixels: float, watch: Stopwatch) -> None:
        """What this photo says of those to come."""
        counted, task = self.telemetry.photos, story.order.choice.task
        counted.megapixels.labels(task).inc(megapixels)
        self.pace.learn(story.order.writing, megapixels, watch.milliseconds["pack"] / 1000)
        if story.was_cut_short:
            # Its time was not that of whole steps: it teaches nothing of the network.
            counted.deadline_stops.labels(task).inc()
            return
        work, seconds = megapixels * story.steps_done, watch.milliseconds["infer"] / 1000
        self.pace.learn(story.chosen.card.name, work, seconds)


def _work(
    story: Story, holes: Mask | None, arrived: float, deadline: float, budget: Budget | None
) -> Work:
    return Work(
        story.chosen,
        story.order.seed,
        uuid4().hex,  # of our own: a caller's request id may be the same for all its photos
        story.order.priority,
        deadline,
        arrived,
        budget.limit if budget else None,
        holes,
    )
