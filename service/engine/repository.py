"""The model repository on disk: which networks there are, and what their files say."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
from pydantic import ValidationError

from bridge.contract import METADATA_KEY, NetworkCard
from service.engine.runtimes import Runtime, Session


class RepositoryError(Exception):
    """The model repository cannot be served; the message says what to mend."""


@dataclass(frozen=True)
class NetworkFile:
    """One network: where its file lies, a session that runs it, and its card."""

    path: Path
    session: Session
    card: NetworkCard

    @property
    def key(self) -> str:
        """Its card's."""
        return self.card.key


def card_of(path: Path) -> NetworkCard:
    """The card in the file's metadata, held to the file's own inputs; whichever runtime runs it.

    Raises RepositoryError for a file that is no network of ours.
    """
    options = onnxruntime.SessionOptions()
    # It is read and not run.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        file = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # onnxruntime's exception classes share no base of their own, and most are RuntimeError.
    except Exception as error:
        raise RepositoryError(f"{path} cannot be loaded: {error}") from error
    document = file.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise RepositoryError(f"{path} carries no `{METADATA_KEY}` metadata; export it again")
    try:
        card = NetworkCard.model_validate_json(document)
    except ValidationError as error:
        raise RepositoryError(f"{path} has metadata this version cannot read: {error}") from error
    inputs = {value.name for value in file.get_inputs()}
    if inputs != set(card.inputs):
        raise RepositoryError(f"{path} takes {sorted(inputs)}, its card says {list(card.inputs)}")
    return card


def read_repository(folder: Path, runtime: Runtime) -> dict[str, NetworkFile]:
    """Every network below `folder`, newest version of each, by name.

    Raises RepositoryError where there is none, or where one cannot be served.
    """
    folders = network_folders(folder)
    if not folders:
        raise RepositoryError(f"no networks below {folder}: train and export one, or mend the path")
    return {one.name: read_network(newest_file(one), runtime) for one in folders}


def network_folders(repository: Path) -> list[Path]:
    """The folder of each network, in order of name."""
    return [config.parent for config in sorted(repository.glob("*/config.pbtxt"))]


def newest_file(folder: Path) -> Path:
    """The file of a network's newest version; raises RepositoryError where there is none."""
    versions = [path for path in folder.glob("*/model.onnx") if path.parent.name.isdigit()]
    if not versions:
        raise RepositoryError(f"{folder} holds no <version>/model.onnx")
    return max(versions, key=lambda path: int(path.parent.name))


def read_network(file: Path, runtime: Runtime) -> NetworkFile:
    """One version of one network; raises RepositoryError where it cannot be served."""
    card = card_of(file)
    if card.name != file.parents[1].name:
        raise RepositoryError(f"{file} is named {card.name}, its folder is not")
    try:
        return NetworkFile(file, runtime.open(file), card)
    except Exception as error:  # as above; OpenVINO's are RuntimeError
        raise RepositoryError(f"{file} cannot be loaded by {runtime.name}: {error}") from error


def device_key(networks: dict[str, NetworkFile], runtime: Runtime) -> str:
    """What a measured batch size depends on: the weights, the runtime, the processor."""
    cpu = (
        next(
            (
                line
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")
            ),
            "unknown",
        )
        if Path("/proc/cpuinfo").exists()
        else "unknown"
    )
    parts = [cpu, str(runtime.threads), runtime.name, runtime.version]
    parts += sorted(file.card.weights_sha256 for file in networks.values())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
