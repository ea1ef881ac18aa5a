"""The networks of I²SB's authors, mounted by the user: a results folder becomes one of ours.

`latest.pt` and `options.pkl` are read without running anything that they name; the averaged
weights go into our own ADM network, its prediction (x_t - x_0)/σ is folded into x̂_0, and
the ONNX file is checked against torch before it takes its place in the model repository.
The published checkpoints are CC-BY-NC-SA: they are neither shipped nor fetched.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from bridge.contract import NetworkCard
from bridge.networks.adm import AdmShape
from export.model_repo import write_network
from export.nvlabs.card import LICENCE, import_card
from export.nvlabs.graph import write_graph
from export.nvlabs.options import CheckpointError, Options, read_options
from export.nvlabs.parity import Probe, difference, probe
from export.nvlabs.weights import read_average
from export.onnx_file import weights_digest

__all__ = ["CheckpointError", "Imported", "import_results"]


@dataclass(frozen=True)
class Imported:
    """A network's folder, its card, and its largest difference to torch (see `parity`)."""

    folder: Path
    card: NetworkCard
    difference: float


def import_results(
    results: Path,
    model_repo: Path,
    *,
    name: str | None = None,
    task: str | None = None,
    licence: str = LICENCE,
    shape: AdmShape = AdmShape(),
) -> Imported:
    """Import `results` (a folder with latest.pt and options.pkl) into `model_repo`.

    name     of the network and its folder; by default `nvlabs-` and the damage it undoes
    task     what `?task=` calls it; by default its name, so that it stands beside ours
    shape    the network's; three or six inputs are chosen by the options

    Raises CheckpointError where a file is refused or does not fit; nothing is written then.
    """
    options = read_options(results / "options.pkl")
    name = name or "nvlabs-" + re.sub(r"[^a-z0-9]+", "-", options.corrupt.lower()).strip("-")
    shape = replace(shape, inputs=6 if options.cond_x1 else 3)
    model_repo.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=model_repo) as staging:
        places = (name, task or name, licence)
        model, card, expected = _stage(results / "latest.pt", options, shape, places, Path(staging))
        worst = difference(Path(staging) / "model.onnx", expected)
        folder = _publish(model, card, Path(staging), model_repo)
    return Imported(folder, card, worst)


def _stage(
    file: Path, options: Options, shape: AdmShape, places: tuple[str, str, str], staging: Path
) -> tuple[onnx.ModelProto, NetworkCard, Probe]:
    """Write the network into `staging`; torch's own copy of it ends with this function."""
    average = read_average(file, shape)
    name, task, licence = places
    card = import_card(
        options,
        shape,
        name=name,
        task=task,
        licence=licence,
        parameters=sum(parameter.numel() for parameter in average.network.parameters()),
        updates=average.updates,
        digest=weights_digest(average.network),
    )
    return write_graph(average.network, card, staging), card, probe(average.network, card)


def _publish(model: onnx.ModelProto, card: NetworkCard, staging: Path, model_repo: Path) -> Path:
    """Move the weights, then the graph that names them, then drop the weights they replace."""
    version = model_repo / card.name / "1"
    version.mkdir(parents=True, exist_ok=True)
    kept = {weights.name for weights in staging.glob("*.data")}
    for weights in staging.glob("*.data"):
        weights.replace(version / weights.name)
    folder = write_network(model, card, model_repo, version=1)
    for weights in version.glob("weights-*.data"):
        if weights.name not in kept:
            weights.unlink()
    return folder
