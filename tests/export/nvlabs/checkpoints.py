"""Synthetic results folders, laid out as the official code writes them."""

import argparse
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bridge.contract import NetworkCard
from bridge.networks.adm import Adm, AdmShape
from export.nvlabs import import_results

SHAPE = AdmShape(width=32, multipliers=(1, 2), blocks=1, attention=(2,), head=16)
UPDATES = 4321


def options(**changed: Any) -> argparse.Namespace:
    """What the official train.py pickles; the values are its defaults for jpeg-10."""
    given: dict[str, Any] = {
        "seed": 0,
        "name": "jpeg-10",
        "ckpt": None,
        "gpu": None,
        "n_gpu_per_node": 8,
        "image_size": 256,
        "corrupt": "jpeg-10",
        "t0": 1e-4,
        "T": 1.0,
        "interval": 1000,
        "beta_max": 0.3,
        "ot_ode": False,
        "clip_denoise": False,
        "cond_x1": False,
        "add_x1_noise": False,
        "batch_size": 256,
        "microbatch": 2,
        "ema": 0.99,
        "dataset_dir": Path("/dataset"),
        "log_dir": Path(".log"),
        "wandb_api_key": "secret",
        "device": "cuda",
        "use_fp16": False,
        "ckpt_path": Path("results/jpeg-10"),
        "load": None,
    }
    return argparse.Namespace(**{**given, **changed})


def networks(inputs: int) -> tuple[Adm, Adm]:
    """A network as it was last trained, and its average: what is sampled from."""
    pair = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = Adm(replace(SHAPE, inputs=inputs))
        with torch.no_grad():
            for weight in network.parameters():
                weight.normal_(0, weight[0].numel() ** -0.5 if weight.ndim > 1 else 0.5)
        pair.append(network)
    return pair[0], pair[1]


def checkpoint(inputs: int = 3) -> tuple[dict[str, Any], Adm]:
    """The document of a latest.pt, optimiser and all, and the network it averages to."""
    trained, average = networks(inputs)
    optimizer = torch.optim.AdamW(trained.parameters(), lr=5e-5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1000, 0.99)
    state = {
        "net": torch.nn.ModuleDict({"diffusion_model": trained}).state_dict(),
        "ema": {
            "decay": 0.99,
            "num_updates": UPDATES,
            "shadow_params": [weight.detach().clone() for weight in average.parameters()],
            "collected_params": None,
        },
        "optimizer": optimizer.state_dict(),
        "sched": schedule.state_dict(),
    }
    return state, average


def write_results(folder: Path, state: Any, given: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "latest.pt")
    (folder / "options.pkl").write_bytes(pickle.dumps(given, protocol=4))
    return folder


def imported(tmp_path: Path, **changed: Any) -> tuple[Path, NetworkCard, Adm]:
    state, average = checkpoint(6 if changed.get("cond_x1") else 3)
    results = write_results(tmp_path / "results", state, options(**changed))
    done = import_results(results, tmp_path / "repo", shape=SHAPE)
    return done.folder, done.card, average


class Touch:
    """A pickle that makes a file when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)
