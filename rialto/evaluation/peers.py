"""Peers on the same pixels: damaged files out to another program, restored PNGs back.

A peer runs in an environment of its own (`benchmarks/peers/setup.sh`), since its wheels
pin what ours must not; `benchmarks/peers/run.py` says how each is called and takes its
time. Both lie beside the sources, so peers need a checkout of the repository.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.cache import cache_folder
from bridge.evaluate import Pair, Restored
from bridge.photos import read_photo
from rialto.evaluation.damage import Damage, encode_png

RUNNER = Path(__file__).parents[2] / "benchmarks" / "peers" / "run.py"
PEERS = {
    "sr4x": (
        "bicubic",
        "lanczos",
        "waifu2x-photo",
        "realesr-animevideov3",
        "realesrgan-x4plus",
        "realcugan",
    ),
    "jpeg": ("bilateral", "jpegqs-q3", "jpegqs-q6"),
}
PILLOW_PEERS = {"bicubic", "lanczos"}  # these run in any environment


class PeerError(RuntimeError):
    """A peer is not installed, or failed; the message is its own last words."""


def known_peers(task: str, names: Sequence[str]) -> tuple[str, ...]:
    """`names` as they stand; raises ValueError naming the first that `task` has not."""
    offered = PEERS.get(task, ())
    for name in names:
        if name not in offered:
            raise ValueError(f"{task} has no peer {name!r}, only {', '.join(offered) or 'none'}")
    return tuple(names)


def run_peer(peer: str, damage: Damage, pairs: Sequence[Pair]) -> list[Restored]:
    """Restore the damaged photo of every pair, in order; raises PeerError."""
    with TemporaryDirectory(prefix="rialto-peer-") as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        for index, pair in enumerate(pairs):
            # A JPEG is made again from the original: the same bytes that the pair was decoded of.
            lossless = damage.suffix == ".png"
            file = encode_png(pair.damaged) if lossless else damage.file(pair.original)
            (source / f"{index:05}{damage.suffix}").write_bytes(file)
        seconds = run_folder(peer, source, target)
        stems = [f"{index:05}" for index in range(len(pairs))]
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
        raise PeerError(f"{peer} is not installed in {folder}: run `make peers` (about 550 MB)")
    return python
