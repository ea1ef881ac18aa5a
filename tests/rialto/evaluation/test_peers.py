from pathlib import Path

import numpy as np
import pytest

from rialto.evaluation import peers
from rialto.evaluation.damage import damage_of, enlarge
from rialto.evaluation.peers import PeerError, known_peers, run_folder, run_peer


def test_a_peer_gets_our_pixels_and_its_own_come_back_in_order() -> None:
    damage = damage_of("sr4x")
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (16, 16 + 4 * i, 3), dtype=np.uint8) for i in range(11)]
    pairs = [damage.pair(f"{i}", photo) for i, photo in enumerate(photos)]
    restored = run_peer("bicubic", damage, pairs)
    for pair, result in zip(pairs, restored, strict=True):
        np.testing.assert_array_equal(result.pixels, enlarge(pair.damaged))
        assert result.seconds > 0


def test_a_peer_that_fails_says_why_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r"(?s)bicubic failed .*No such file"):
        run_folder("bicubic", tmp_path / "nowhere", tmp_path / "out")


def test_a_peer_that_is_not_installed_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    with pytest.raises(PeerError, match="make peers"):
        run_folder("waifu2x-photo", tmp_path, tmp_path / "out")


def test_a_peer_of_another_task_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="jpeg has no peer 'waifu2x-photo'"):
        known_peers("jpeg", ["waifu2x-photo"])


def test_every_peer_that_is_offered_is_one_that_the_runner_knows() -> None:
    source = peers.RUNNER.read_text()
    offered = [name for names in peers.PEERS.values() for name in names]
    assert all(f'"{name}"' in source for name in offered)
