from pathlib import Path

import numpy as np
import pytest

from bridge.evaluate import Score
from bridge.photos import read_photo
from rialto.evaluation import peers
from rialto.evaluation.damage import damage_of, enlarge
from rialto.evaluation.peers import (
    PeerError,
    known_peers,
    run_folder,
    run_peer,
    without_weak_settings,
)


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
    folder = peers.RUNNER.parent
    source = (folder / "run.py").read_text() + (folder / "classical.py").read_text()
    offered = [name for names in peers.PEERS.values() for name in names]
    assert all(f'"{name}"' in source for name in offered)


def test_a_peer_with_a_knob_is_tried_at_every_setting() -> None:
    tried = known_peers("deblur", ["wiener"])
    assert tried[0] == "wiener@0.001"
    assert len(tried) == len(peers.SETTINGS["wiener"])
    assert known_peers("sr4x", ["lanczos"]) == ("lanczos",)


def test_a_peer_stands_at_its_best_settings_and_the_others_are_left_out() -> None:
    def rows(psnr: float, lpips: float) -> list[Score]:
        return [Score("a", {"psnr_y": psnr, "lpips": lpips}, 1.0, 1.0)]

    scores = {
        "blurred": rows(20, 0.5),
        "wiener@0.01": rows(24, 0.6),
        "wiener@0.1": rows(25, 0.4),
        "wiener@0.3": rows(23, 0.3),
        "fast": rows(21, 0.4),
    }
    assert list(without_weak_settings(scores)) == ["blurred", "wiener@0.1", "wiener@0.3", "fast"]


def test_a_peer_is_told_the_kernel_the_noise_and_the_holes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, object] = {}

    def watch(_: str, source: Path, target: Path) -> dict[str, float]:
        told["kernel"] = (source / "kernel.npy").exists() and np.load(source / "kernel.npy")
        told["noise"] = (source / "noise.json").exists()
        holes = sorted(source.glob("holes/*.png"))
        told["holes"] = [np.asarray(read_photo(file))[..., 0] > 0 for file in holes]
        target.mkdir()
        for file in source.glob("*.png"):
            (target / file.name).write_bytes(file.read_bytes())
        return {file.stem: 1.0 for file in source.glob("*.png")}

    photo = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    monkeypatch.setattr(peers, "run_folder", watch)
    blur = damage_of("deblur", "sigma1")
    run_peer("wiener@0.1", blur, [blur.pair("a", photo)])
    np.testing.assert_array_equal(told["kernel"], blur.kernel)
    assert told["noise"]
    assert told["holes"] == []
    inpaint = damage_of("inpaint")
    pair = inpaint.pair("a", photo)
    (restored,) = run_peer("telea", inpaint, [pair])
    np.testing.assert_array_equal(told["holes"], [pair.holes])
    np.testing.assert_array_equal(restored.pixels, pair.damaged)
