"""The embedded engine: its runtime, and each network loaded, held to cards and digest, run once."""

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bridge.contract import NetworkCard, batch_inputs
from rialto.commands.doctor.finding import Finding
from service.engine.probe import probe_tile
from service.engine.repository import NetworkFile, RepositoryError, read_repository
from service.engine.runtimes import Runtime, RuntimeName, RuntimeUnfit
from service.engine.runtimes.opening import open_runtime

AGAIN = "restore it from where it came, or export it again"
PREFIX = "network."  # of the weights within a file that `rialto export` wrote


def check_engine(folder: Path, name: RuntimeName, threads: int) -> Iterator[Finding]:
    """One finding for the runtime, and those of the networks where it can be had."""
    try:
        runtime = open_runtime(name, threads)
    except RuntimeUnfit as error:
        yield Finding("runtime", "broken", str(error), "set RIALTO_RUNTIME, or leave it out")
        return
    told = f"{runtime.name} {runtime.version}, {threads} threads"
    yield Finding("runtime", "fine", told)
    yield from check_networks(folder, runtime)


def check_networks(folder: Path, runtime: Runtime) -> Iterator[Finding]:
    """One finding for the repository where it cannot be served, else one for each network."""
    try:
        networks = read_repository(folder, runtime)
    except RepositoryError as error:
        mend = "set RIALTO_MODEL_REPO to where the networks are, or mend what it names"
        yield Finding("networks", "broken", str(error), mend)
        return
    for file in networks.values():
        yield check_network(file)


def check_network(file: NetworkFile) -> Finding:
    """One network: both copies of its card, its weights' digest, a finite answer."""
    name, card = f"network {file.card.name}", file.card
    if (config := _card_of_config(file.path.parents[1] / "config.pbtxt")) != card:
        told = "config.pbtxt carries another card" if config else "config.pbtxt carries no card"
        return Finding(name, "broken", f"{told} than {file.path}", AGAIN)
    digest = weights_digest(file.path)
    if digest is not None and card.family == "compact" and digest != card.weights_sha256:
        told = f"weights have digest {digest[:12]}, the card says {card.short_hash}"
        return Finding(name, "broken", told, AGAIN)
    answer = file.session.run(batch_inputs(card, [probe_tile(card)]))
    if not np.isfinite(answer).all():
        return Finding(name, "broken", "answers a grey tile with NaN or infinity", AGAIN)
    told = f"{card.task}, {card.parameters:,} parameters, {card.short_hash}"
    if digest is None:
        return Finding(name, "fine", f"{told} (digest not computed: pip install 'rialto[export]')")
    return Finding(name, "fine", f"{told}, digest holds")


def weights_digest(path: Path) -> str | None:
    """SHA-256 as `export.onnx_file.weights_digest` makes it; None where `onnx` is not here."""
    if find_spec("onnx") is None:
        return None
    import onnx  # noqa: PLC0415 -- of an extra
    from onnx import numpy_helper  # noqa: PLC0415

    digest = hashlib.sha256()
    for tensor in sorted(onnx.load(path).graph.initializer, key=lambda tensor: tensor.name):
        if tensor.name.startswith(PREFIX):
            values = numpy_helper.to_array(tensor).astype(np.float32)
            digest.update(f"{tensor.name.removeprefix(PREFIX)}{values.shape}".encode())
            digest.update(values.tobytes())
    return digest.hexdigest()


def _card_of_config(path: Path) -> NetworkCard | None:
    found = re.search(r'key: "rialto" value \{ string_value: (".*") \}', path.read_text())
    return NetworkCard.model_validate_json(json.loads(found[1])) if found else None
