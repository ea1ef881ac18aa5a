"""ONE photo, from a request's body to an answer: accept → decode → enqueue → infer → pack → reply.

The stages import nothing of each other's work; only the spine below knows their order.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from importlib.metadata import version
from uuid import uuid4

from bridge.restoration import Progress
from service.engine import Engine, Priority
from service.photo.codec import Codec
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.restore.accept import Upload
from service.restore.decode import Answerable, decode
from service.restore.enqueue import Line
from service.restore.infer import Work, infer
from service.restore.pace import Pace
from service.restore.pack import Wrapping, pack
from service.restore.reply import Restored
from service.restore.stopwatch import Stopwatch
from service.tasks import Choice, Tasks
from service.telemetry import Telemetry

SOFTWARE = f"Rialto {version('rialto')}"


@dataclass(frozen=True)
class Order:
    """What a caller asks for: task and plan, seed, and how the answer is wrapped."""

    choice: Choice
    seed: int = 0
    wrapping: Wrapping = field(default_factory=Wrapping)
    priority: Priority = Priority.INTERACTIVE


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

    async def restore(self, upload: Upload, order: Order) -> AsyncGenerator[Progress | Restored]:
        """Yields progress after every step, then the restored photo; raises Problems.

        Closing the iteration stops the work within one step.
        """
        chosen = self.tasks.choose(order.choice)
        card, wrapping = chosen.card, order.wrapping
        arrived = asyncio.get_running_loop().time()
        deadline = arrived + self.deadline_s
        watch = Stopwatch(order.choice.task, self.telemetry)
        async with watch.stage("decode", deadline):
            answerable = Answerable(self.max_output_megapixels, wrapping.format)
            photo = await decode(upload, self.codec, card, answerable)
        megapixels, steps = photo.megapixels * card.scale**2, chosen.plan.steps
        if order.priority is Priority.INTERACTIVE:
            self.pace.check(card.name, megapixels, steps, self.deadline_s)
        async with watch.stage("wait", deadline):
            turn = await self.line.turn(photo.pixels.nbytes)
        with turn:
            # A key of our own: a caller's request id may be the same for all its photos.
            work = Work(chosen, order.seed, uuid4().hex, order.priority, deadline, arrived)
            restored = photo
            with watch.timed("infer"):
                async for made in infer(photo, work, self.engine, self.telemetry):
                    if isinstance(made, Photo):
                        restored = made
                    else:
                        yield made
            self.pace.learn(card.name, megapixels * steps, watch.milliseconds["infer"] / 1000)
            network = f"{card.name}@{card.short_hash}"
            provenance = Provenance(SOFTWARE, card.task, network, str(chosen.plan), order.seed)
            async with watch.stage("pack", deadline):
                encoded = await pack(restored, self.codec, wrapping, provenance)
        self.telemetry.megapixels.labels(order.choice.task).inc(restored.megapixels)
        yield Restored(
            data=encoded.data,
            format=order.wrapping.format,
            width=encoded.width,
            height=encoded.height,
            input_width=photo.displayed_size[0],
            input_height=photo.displayed_size[1],
            seed=order.seed,
            network=network,
            plan=str(chosen.plan),
            timing=watch.milliseconds,
            notes=(*photo.notes, *encoded.notes),
            name=upload.name,
        )
