"""Peers on the same pixels: damaged files out to another program, restored PNGs back.

A peer runs in an environment of its own (`benchmarks/peers/setup.sh`), since its wheels
pin what ours must not; `benchmarks/peers/run.py` says how each is called and takes its
time. Both lie beside the sources, so peers need a checkout of the repository.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bridge.cache import cache_folder
from bridge.evaluate import HIGHER_IS_BETTER, Pair, Restored, Score
from bridge.photos import read_photo
from rialto.evaluation.damage import Damage, encode_png

RUNNER = Path(__file__).parents[2] / "benchmarks" / "peers" / "run.py"
ENLARGERS = (
    "bicubic",
    "lanczos",
    "waifu2x-photo",
    "realesr-animevideov3",
    "realesrgan-x4plus",
    "realcugan",
)
PEERS = {
    "sr4x": ENLARGERS,
    "sr4x-real": ENLARGERS,
    "jpeg": ("bilateral", "jpegqs-q3", "jpegqs-q6"),
    "inpaint": ("navier-stokes", "telea"),
    "deblur": ("richardson-lucy", "wiener"),
    "denoise": ("bilateral", "nl-means", "bm3d"),
    "mixture": ("bilateral",),
}
# What is tried of a peer that has a knob: iterations, regularisation, strength.
SETTINGS = {
    "richardson-lucy": (20, 40, 80, 160),
    "wiener": (0.001, 0.003, 0.01, 0.03, 0.1),
    "nl-means": (0.5, 0.7, 0.9, 1.2),
}
PILLOW_PEERS = {"bicubic", "lanczos"}  # these run in any environment


class PeerError(RuntimeError):
    """A peer is not installed, or failed; the message is its own last words."""


def known_peers(task: str, names: Sequence[str]) -> tuple[str, ...]:
    """`names`, and each with a knob once a setting; ValueError for the first not of `task`."""
    offered = PEERS.get(task, ())
    for name in names:
        if name not in offered:
            raise ValueError(f"{task} has no peer {name!r}, only {', '.join(offered) or 'none'}")
    return tuple(turned for name in names for turned in _turned(name))


def _turned(name: str) -> list[str]:
    """The peer once for each setting: wiener@0.001, wiener@0.003, ..."""
    return [f"{name}@{setting:g}" for setting in SETTINGS.get(name, ())] or [name]


def without_weak_settings(scores: Mapping[str, list[Score]]) -> dict[str, list[Score]]:
    """Of a peer that has a knob, only the settings that are its best by one of the metrics.

    So a peer stands at its best against us, whichever metric is looked at.
    """
    kept = dict(scores)
    for name in SETTINGS:
        settings = [method for method in scores if method.startswith(f"{name}@")]
        if not settings:
            continue
        best = set()
        for metric in scores[settings[0]][0].values:
            mean = {
                method: statistics.fmean(score.values[metric] for score in scores[method])
                for method in settings
            }
            choose = max if metric in HIGHER_IS_BETTER else min
            best.add(choose(settings, key=mean.__getitem__))
        for method in set(settings) - best:
            del kept[method]
    return kept


def run_peer(peer: str, damage: Damage, pairs: Sequence[Pair]) -> list[Restored]:
    """Restore the damaged photo of every pair, in order; raises PeerError."""
    with TemporaryDirectory(prefix="rialto-peer-") as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        (source / "holes").mkdir(parents=True)
        stems = [f"{index:05}" for index in range(len(pairs))]
        for stem, pair in zip(stems, pairs, strict=True):
            (source / f"{stem}{damage.suffix}").write_bytes(pair.file)
            if pair.holes is not None:
                mask = np.where(pair.holes, np.uint8(255), np.uint8(0))
                (source / "holes" / f"{stem}.png").write_bytes(encode_png(mask))
        if damage.kernel is not None:
            np.save(source / "kernel.npy", damage.kernel)
        if damage.sigma is not None:
            (source / "noise.json").write_text(json.dumps({"sigma": damage.sigma}))
        seconds = run_folder(peer, source, target)
        return [Restored(read_photo(target / f"{stem}.png"), seconds[stem]) for stem in stems]


def run_folder(peer: str, source: Path, target: Path) -> dict[str, float]:
    """Let `peer` restore the files of `source` into `target`; seconds by stem, or PeerError."""
    command = [str(interpreter(peer)), str(RUNNER), peer, str(source), str(target)]
    done = subprocess.run(  # noqa: S603  # our own script; peer names are checked before
        command, capture_output=True, text=True, check=False
    )
    times = target / "times.json"
    if done.returncode or not times.exists():
        raise PeerError(f"{peer} failed ({done.returncode}): {done.stderr[-800:].strip()}")
    seconds: dict[str, float] = json.loads(times.read_text())["seconds"]
    return seconds


def interpreter(peer: str) -> Path:
    """The Python that has what `peer` needs; raises PeerError where it is not installed."""
    if not RUNNER.exists():
        raise PeerError(f"peers need a checkout of the repository: no {RUNNER}")
    if peer in PILLOW_PEERS:
        return Path(sys.executable)
    folder = cache_folder("peers")
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        raise PeerError(f"{peer} is not installed in {folder}: run `make peers` (about 900 MB)")
    return python
