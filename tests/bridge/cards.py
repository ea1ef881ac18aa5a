"""Cards for tests: small tiles and regions, so that small photos cross every border."""

from typing import Any

from bridge.contract import NetworkCard, PresetCard, ScheduleCard, TileCard, TrainingCard


def card(**fields: Any) -> NetworkCard:
    """A conditional, stochastic network's card; `fields` replace any of its own."""
    given: dict[str, Any] = {
        "name": "test",
        "task": "test",
        "title": "Test",
        "family": "compact",
        "scale": 1,
        "start": "identity",
        "inputs": ("x_t", "t", "sigma", "x_1"),
        "schedule": ScheduleCard(),
        "tile": TileCard(size=64, multiple=16, overlap=32, region=128, margin=32),
        "parameters": 1,
        "presets": {"fast": PresetCard(steps=1)},
        "training": TrainingCard(
            photographs="none", iterations=1, loss="l1", patch=1, batch=1, seed=0
        ),
        "weights_sha256": "0" * 64,
        **fields,
    }
    return NetworkCard(**given)
