"""What the quality runs ask for is there to be asked for, and their pages say what was found."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.cards import SHEETS, SHOWN, draw, page
from benchmarks.quality import RUNS, Run
from bridge.evaluate import Pair
from export.model_card import model_card
from rialto.commands.evaluate import DEEP_METRICS
from rialto.evaluation.damage import PROTOCOLS, damage_of
from rialto.evaluation.peers import known_peers
from rialto.evaluation.pictures import Gallery
from tests.bridge.cards import card


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.folder)
def test_a_run_has_a_protocol_its_own_peers_and_known_metrics(run: Run) -> None:
    assert damage_of(run.task, run.strength).name
    assert known_peers(run.task, run.peers)
    assert set(run.metrics) <= set(DEEP_METRICS)


def test_every_task_is_measured_and_no_two_runs_share_a_folder() -> None:
    assert {run.task for run in RUNS} == set(PROTOCOLS)
    assert len({run.folder for run in RUNS}) == len(RUNS)


def test_a_networks_page_is_its_card_its_photographs_and_its_best_and_worst_pictures(
    tmp_path: Path,
) -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    gallery = Gallery([Pair(name, black, black) for name in "abcd"])
    for grey, name in enumerate("abcd"):
        gallery.add("fast", name, np.full((64, 64, 3), 60 * grey, np.uint8))
    results = tmp_path / next(run for run in RUNS if run.task == "jpeg").folder
    results.mkdir()
    for kind in SHEETS:
        gallery.sheet("abcd", {}).save(results / f"{kind}.png")
    shown = card(task="jpeg", name="jpeg")
    pictures = draw(tmp_path, tmp_path, shown)
    text = page(shown, pictures)
    assert text.startswith(model_card(shown).rstrip())
    assert "542 photographs" in text
    assert all(f"]({file})" in text and (tmp_path / file).exists() for _, file in pictures)
    with Image.open(tmp_path / "jpeg-worst.webp") as worst:
        middles = [worst.getpixel((20, 20 + row * worst.height // SHOWN)) for row in range(SHOWN)]
    np.testing.assert_allclose([grey for grey, *_ in middles], [120, 180], atol=3)  # c and d


def test_a_network_that_was_not_measured_has_a_page_without_pictures(tmp_path: Path) -> None:
    assert draw(tmp_path, tmp_path, card(task="deblur")) == []
