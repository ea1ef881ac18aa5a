"""A folder of the model repository: what Triton loads and what the embedded engine reads.

<name>/config.pbtxt                 served by onnxruntime
<name>/configs/*.pbtxt              the same network by another backend, or with priorities
<name>/<version>/model.onnx         the network, its card inside; the highest number is served
<name>/README.md                    the model card for people, made from the same card
"""

from pathlib import Path

import onnx

from bridge.contract import NetworkCard
from export.onnx_file import read_card, write_card
from export.texts import write_texts


def write_network(
    model: onnx.ModelProto, card: NetworkCard, repository: Path, *, version: int | None = None
) -> Path:
    """Write `model` with `card` into `repository`; returns the network's folder.

    `version` takes the place of the newest there, else it is 1. `next_version` leaves those that
    are there as they are, so that photos in progress can end with them.
    """
    folder = repository / card.name
    place = folder / str(version or newest_version(folder) or 1)
    place.mkdir(parents=True, exist_ok=True)
    write_card(model, card)
    partial = place / "model.onnx.partial"
    onnx.save(model, str(partial))
    partial.replace(place / "model.onnx")
    write_texts(card, folder)
    return folder


def newest_version(folder: Path) -> int | None:
    """The highest version of the network in `folder` that has a file."""
    files = folder.glob("*/model.onnx")
    return max(
        (int(path.parent.name) for path in files if path.parent.name.isdigit()), default=None
    )


def next_version(folder: Path) -> int:
    """The first number that no version in `folder` has or had; withdrawn ones count."""
    names = [path.name.removesuffix(".withdrawn") for path in folder.glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=0) + 1


def network_file(folder: Path) -> Path:
    """The newest version's file; raises FileNotFoundError where there is none."""
    if (version := newest_version(folder)) is None:
        raise FileNotFoundError(f"{folder} holds no <version>/model.onnx")
    return folder / str(version) / "model.onnx"


def replace_card(folder: Path, card: NetworkCard) -> None:
    """Give the newest version in `folder` a new card (measured quality, say), weights untouched."""
    file = network_file(folder)
    if read_card(file).weights_sha256 != card.weights_sha256:
        raise ValueError(f"the card is of other weights than {file}")
    write_network(onnx.load(str(file), load_external_data=False), card, folder.parent)
