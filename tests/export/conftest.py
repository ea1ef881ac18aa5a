"""What several tests of the export share."""

from pathlib import Path

import pytest
import torch

from bridge.networks.adm import Adm, AdmShape
from export.nvlabs.card import import_card
from export.nvlabs.graph import write_graph
from export.nvlabs.options import Options
from export.onnx_file import weights_digest


@pytest.fixture(scope="session")
def adm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of the authors' architecture: norms, attention, both ways of resizing."""
    shape = AdmShape(width=32, multipliers=(1, 2), blocks=1, attention=(2,), head=16)
    torch.manual_seed(0)
    network = Adm(shape).eval().requires_grad_(False)
    for weight in network.parameters():
        weight.normal_(0, weight[0].numel() ** -0.5 if weight.ndim > 1 else 0.5)
    options = Options(
        corrupt="jpeg-10", interval=1000, beta_max=0.3, t0=1e-4, T=1.0, ot_ode=False, image_size=64
    )
    of = import_card(
        options,
        shape,
        name="adm",
        task="adm",
        licence="none",
        parameters=1,
        updates=1,
        digest=weights_digest(network),
    )
    folder = tmp_path_factory.mktemp("adm")
    write_graph(network, of, folder)
    return folder / "model.onnx"
