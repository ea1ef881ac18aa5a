"""`rialto export --check-tensorrt` and `--tensorrt`: networks as TensorRT takes them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from bridge.degrade.mask import scratches
from bridge.photos import read_photo
from export.onnx_file import read_card
from export.tensorrt import BuildOptions, Precision, export_plan, newest_version
from export.tensorrt.cast import Half
from export.tensorrt.parity import parity
from export.tensorrt_check import check_repository


def check(model_repo: Path) -> None:
    """Parse and build every network in every precision on this CPU, and say how it went.

    Raises `export.tensorrt.TensorRtError` at the first that is refused.
    """
    for done in check_repository(model_repo):
        Console().print(
            f"{done.network} {done.precision}: built, {done.plan_bytes / 1e6:.1f} MB,"
            f" {done.seconds:.1f} s",
            soft_wrap=True,
        )


def build(folders: Sequence[Path], precision: Precision, options: BuildOptions) -> None:
    """Build a plan of each network for this machine's GPU, where Triton reads it.

    Raises `export.tensorrt.TensorRtError`, or ValueError for a network that cannot be cast.
    """
    for folder in folders:
        Console().print(str(export_plan(folder, precision, options=options)), soft_wrap=True)


def compare(folder: Path, photo: Path, precisions: Sequence[Half] = ("fp16", "bf16")) -> None:
    """Restore `photo` in half precision and in float32 by every preset, and say what differs.

    A network that repairs holes is given scratches over a tenth of the photo.
    """
    file = newest_version(folder) / "model.onnx"
    pixels, card = read_photo(photo), read_card(file)
    height, width, _ = pixels.shape
    mask = scratches(height, width, 0.1, np.random.default_rng(0)) if card.takes_mask else None
    for preset in card.presets:
        for precision in precisions:
            found = parity(file, precision, preset, pixels, mask)
            Console().print(
                f"{folder.name} {preset} {precision}: {found.psnr_db:.1f} dB against float32,"
                f" at most {found.grey_levels} of 255",
                soft_wrap=True,
            )
