"""ONE photo, from a request's body to an answer: accept → decode → enqueue → infer → pack → reply.

The stages import nothing of each other's work; only the spine below knows their order.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from uuid import uuid4

from bridge.insight import Insight
from bridge.restoration import Progress
from service.engine import Engine, Priority
from service.photo.codec import Codec, Encoded
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.restore.accept import Upload
from service.restore.deadline import Budget, check_possible
from service.restore.decode import Answerable, decode
from service.restore.enqueue import Line
from service.restore.infer import Work, infer
from service.restore.insight import Insights, insights_of
from service.restore.pace import Pace
from service.restore.pack import Wrapping, pack
from service.restore.preview import Easel, Preview, Previews
from service.restore.reply import Accepted, Restored
from service.restore.stopwatch import Stopwatch
from service.tasks import Choice, Chosen, Tasks
from service.telemetry import Telemetry

SOFTWARE = f"Rialto {version('rialto')}"
UNKNOWN_WRITING_S = 0.1  # a megapixel, before any photo was written here

Made = Accepted | Progress | Restored
Show = Callable[[Preview], None]


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

    def patience_s(self, limit_s: float) -> float:
        """Seconds the caller waits, `limit_s` at most."""
        return limit_s if self.deadline_ms is None else min(self.deadline_ms / 1000, limit_s)


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
        photo = decoded.photo
        budget = self._budget(order, chosen, photo, soon)
        yield _accepted(photo, chosen)
        async with watch.stage("wait", soon):
            turn = await self.line.turn(photo.pixels.nbytes)
        with turn:
            # A version may have gone live while the photo stood in line, and the old one gone.
            chosen = self.tasks.choose(order.choice)
            # A key of our own: a caller's request id may be the same for all its photos.
            key, limit = uuid4().hex, budget.limit if budget else None
            work = Work(
                chosen, order.seed, key, order.priority, deadline, arrived, limit, decoded.holes
            )
            restored, easel = photo, self._easel(photo, order, chosen, show)
            # Who is not told of the way has no address to ask at afterwards.
            insight = Insight(chosen.card, photo.pixels) if show else None
            async with (
                easel or nullcontext(),
                aclosing(self._walk(photo, work, easel, insight, watch)) as walk,
            ):
                async for made in walk:
                    if isinstance(made, Photo):
                        restored = made
                    else:
                        yield made
                steps_done = (budget and budget.fewest) or chosen.plan.steps
                provenance = _provenance(order, chosen, steps_done)
                async with watch.stage("pack", deadline):
                    encoded = await pack(restored, self.codec, order.wrapping, provenance)
                    told = await insights_of(insight, photo, self.codec, provenance)
                if easel:
                    await easel.finish()
        self._learn(order, chosen, steps_done, restored.megapixels, watch)
        reached = steps_done, chosen.plan.steps
        yield _restored(
            order, upload, photo, encoded, provenance, reached, watch.milliseconds, told
        )

    async def _walk(
        self,
        photo: Photo,
        work: Work,
        easel: Easel | None,
        insight: Insight | None,
        watch: Stopwatch,
    ) -> AsyncGenerator[Progress | Photo]:
        """The steps, timed and shown, then the restored pixels."""
        with watch.timed("infer") as span:
            async for made in infer(photo, work, self.engine, self.telemetry):
                if isinstance(made, Progress):
                    span.event("step", step=made.step, region=made.region)
                    if insight:
                        await asyncio.to_thread(insight.take, made)
                    if easel:
                        await easel.take(made)
                yield made

    def _budget(self, order: Order, chosen: Chosen, photo: Photo, end: float) -> Budget | None:
        """The caller's time for the steps, where it set one; refuses what could not be in time."""
        card, steps = chosen.card, chosen.plan.steps
        megapixels = photo.megapixels * card.scale**2
        if order.deadline_ms is None:
            if order.priority is Priority.INTERACTIVE:
                self.pace.check(card.name, megapixels, steps, self.deadline_s)
            return None
        end -= self.pace.expected_s(_writing(order), megapixels) or UNKNOWN_WRITING_S * megapixels
        left_s = end - asyncio.get_running_loop().time()
        check_possible(self.pace.expected_s(card.name, megapixels), left_s, order.deadline_ms)
        return Budget(end)

    def _easel(self, photo: Photo, order: Order, chosen: Chosen, show: Show | None) -> Easel | None:
        if show is None or order.previews == "none":
            return None
        provenance = _provenance(order, chosen, chosen.plan.steps)
        walk = order.previews == "walk"
        return Easel(photo, chosen.card, self.codec, provenance, show, walk=walk)

    def _learn(
        self, order: Order, chosen: Chosen, steps_done: int, megapixels: float, watch: Stopwatch
    ) -> None:
        """What this photo says of those to come."""
        task, steps = order.choice.task, chosen.plan.steps
        self.telemetry.megapixels.labels(task).inc(megapixels)
        self.pace.learn(_writing(order), megapixels, watch.milliseconds["pack"] / 1000)
        if steps_done < steps:
            # Its time was not that of whole steps: it teaches nothing of the network.
            self.telemetry.deadline_stops.labels(task).inc()
            return
        seconds = watch.milliseconds["infer"] / 1000
        self.pace.learn(chosen.card.name, megapixels * steps, seconds)


def _writing(order: Order) -> str:
    return f"writing {order.wrapping.format}"


def _accepted(photo: Photo, chosen: Chosen) -> Accepted:
    width, height = photo.displayed_size
    scale = chosen.card.scale
    return Accepted(chosen.plan.steps, width * scale, height * scale, width, height)


def _provenance(order: Order, chosen: Chosen, steps_done: int) -> Provenance:
    card, plan = chosen.card, str(chosen.plan)
    if steps_done < chosen.plan.steps:
        plan += f";stopped={steps_done}"
    return Provenance(SOFTWARE, card.task, f"{card.name}@{card.short_hash}", plan, order.seed)


def _restored(
    order: Order,
    upload: Upload,
    photo: Photo,
    encoded: Encoded,
    provenance: Provenance,
    reached: tuple[int, int],
    timing: Mapping[str, float],
    told: Insights | None,
) -> Restored:
    input_width, input_height = photo.displayed_size
    return Restored(
        data=encoded.data,
        format=order.wrapping.format,
        width=encoded.width,
        height=encoded.height,
        input_width=input_width,
        input_height=input_height,
        seed=order.seed,
        network=provenance.network,
        plan=provenance.plan,
        steps_done=reached[0],
        steps=reached[1],
        timing=timing,
        notes=(*photo.notes, *encoded.notes),
        name=upload.name,
        insight=told.facts() if told else None,
        invention=told.overlay if told else b"",
    )
