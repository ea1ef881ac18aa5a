from typing import Any

import pytest

from bridge.contract import NetworkCard
from bridge.networks.adm import AdmShape
from export.nvlabs import CheckpointError
from export.nvlabs.card import import_card
from export.nvlabs.options import Options
from tests.export.nvlabs.checkpoints import options


def card_of(**changed: Any) -> NetworkCard:
    """The card alone, of a network with these options."""
    return import_card(
        Options.model_validate(vars(options(**changed))),
        AdmShape(),
        name="imported",
        task="imported",
        licence="CC-BY-NC-SA-4.0",
        parameters=1,
        updates=1,
        digest="0" * 64,
    )


def test_the_card_says_what_the_options_say() -> None:
    card = card_of(corrupt="blur-gauss", ot_ode=True, beta_max=1.0, interval=500, seed=3)
    assert (card.schedule.interval, card.schedule.beta_max) == (500, 1.0)
    assert (card.schedule.t0, card.schedule.t1) == (1e-4, 1.0)
    assert card.ot_ode
    assert {preset.sampler for preset in card.presets.values()} == {"ot-ode"}
    assert card.training.seed == 3
    assert any("does not sharpen photographs" in limit for limit in card.limits)


@pytest.mark.parametrize(
    ("corrupt", "scale", "start", "hole_fill", "projection"),
    [
        ("sr4x-pool", 4, "nearest", None, "none"),
        ("sr4x-bicubic", 4, "nearest", None, "none"),
        ("jpeg-5", 1, "identity", None, "none"),
        ("inpaint-freeform2030", 1, "identity", "noise", "known-pixels"),
    ],
)
def test_the_damage_decides_where_a_walk_starts(
    corrupt: str, scale: int, start: str, hole_fill: str | None, projection: str
) -> None:
    card = card_of(corrupt=corrupt)
    assert (card.scale, card.start, card.hole_fill) == (scale, start, hole_fill)
    assert card.projection == projection


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cond_x1": True, "ot_ode": True}, "inverts its input"),
        ({"add_x1_noise": True, "cond_x1": True}, "--add-x1-noise"),
        ({"corrupt": "mixture"}, "mixture"),
        ({"interval": 999}, "even number"),
        ({"image_size": 100}, "multiple of 32"),
    ],
)
def test_options_that_rialto_cannot_serve_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        card_of(**changed)
