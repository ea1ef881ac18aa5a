"""The story of one restoration: what was ordered, what made it, and how far it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from service.engine.runtimes import signed
from service.photo.codec import Encoded
from service.photo.photo import Photo
from service.photo.provenance import Provenance
from service.restore.insight import Insights
from service.restore.order import Order
from service.restore.reply import Accepted, Restored
from service.tasks import Chosen

SOFTWARE = f"Rialto {version('rialto')}"


@dataclass(frozen=True)
class Story:
    """`photo` is the one that came, `runtime` what computes the network.

    stopped_after  the steps that a deadline left it, if any
    """

    order: Order
    chosen: Chosen
    photo: Photo
    runtime: str
    stopped_after: int | None = None

    @property
    def steps_done(self) -> int:
        """Steps that every part of the photo has had."""
        return self.stopped_after or self.chosen.plan.steps

    @property
    def was_cut_short(self) -> bool:
        """Whether these are fewer than planned."""
        return self.steps_done < self.chosen.plan.steps

    def provenance(self) -> Provenance:
        """What is written into the photo of how it came about."""
        card, plan = self.chosen.card, str(self.chosen.plan)
        if self.was_cut_short:
            plan += f";stopped={self.steps_done}"
        network = signed(card, self.runtime)
        return Provenance(SOFTWARE, card.task, network, plan, self.order.seed)

    def accepted(self) -> Accepted:
        """What is told before the first step."""
        width, height = self.photo.displayed_size
        scale = self.chosen.card.scale
        return Accepted(self.chosen.plan.steps, width * scale, height * scale, width, height)

    def restored(
        self,
        encoded: Encoded,
        timing: Mapping[str, float],
        name: str | None,
        insights: Insights | None,
    ) -> Restored:
        """What is told at the end; `timing` in milliseconds by stage."""
        provenance = self.provenance()
        input_width, input_height = self.photo.displayed_size
        return Restored(
            data=encoded.data,
            format=self.order.wrapping.format,
            width=encoded.width,
            height=encoded.height,
            input_width=input_width,
            input_height=input_height,
            seed=self.order.seed,
            network=provenance.network,
            plan=provenance.plan,
            steps_done=self.steps_done,
            steps=self.chosen.plan.steps,
            timing=timing,
            notes=(*self.photo.notes, *encoded.notes),
            name=name,
            insight=insights.facts() if insights else None,
            invention=insights.overlay if insights else b"",
        )
