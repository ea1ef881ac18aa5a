import numpy as np
import pytest
from pydantic import ValidationError

from bridge.contract import NetworkCard, Tile, batch_inputs
from tests.bridge.cards import card

GREY = np.zeros((3, 16, 16), np.float32)


def test_a_card_survives_its_json() -> None:
    assert NetworkCard.model_validate_json(card().model_dump_json()) == card()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"ot_ode": True}, "explodes"),
        ({"conditional": False}, "conditional exactly where"),
        ({"inputs": ("x_t", "t", "x_1")}, "takes x_t, t and sigma"),
        ({"weights_sha256": "abc"}, "weights_sha256"),
        ({"name": "../up"}, "name"),
        ({"colour": "blue"}, "colour"),
        ({"tile": {"size": 100}}, "multiple of 16"),
        ({"tile": {"size": 64, "overlap": 64, "region": 128}}, "overlap < size"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    fields: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        card(**fields)


def test_tiles_of_different_times_stack_into_one_batch() -> None:
    tiles = [Tile(x_t=GREY, t=float(t), sigma=t / 10, x_1=GREY + t) for t in (1, 2)]
    inputs = batch_inputs(card(), tiles)
    assert {name: array.shape for name, array in inputs.items()} == {
        "x_t": (2, 3, 16, 16),
        "t": (2,),
        "sigma": (2,),
        "x_1": (2, 3, 16, 16),
    }
    assert all(array.dtype == np.float32 for array in inputs.values())


def test_a_tile_without_an_input_that_the_network_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="takes x_1"):
        batch_inputs(card(), [Tile(x_t=GREY, t=1.0, sigma=0.1)])
