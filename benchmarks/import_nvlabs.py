"""Time and memory of `rialto import-nvlabs` on a network of the published size.

The authors' checkpoints are not ours to ship, so one of their true shapes is made up: random
weights, averages and options as their code writes them, some 4.4 GB on the disk. The command
then runs as a user runs it, in a process of its own.

    python -m benchmarks.import_nvlabs [FOLDER]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.machine import machine_line
from bridge.networks.adm import Adm
from tests.export.nvlabs.checkpoints import options, write_results

GIB = 2**30


def results_folder(folder: Path) -> tuple[Path, int]:
    """`latest.pt` and `options.pkl` of the published shape, and the number of its parameters."""
    torch.manual_seed(0)
    network = Adm()
    averages = [weight.detach().clone() for weight in network.parameters()]
    state = {
        "net": torch.nn.ModuleDict({"diffusion_model": network}).state_dict(),
        "ema": {"decay": 0.99, "num_updates": 1, "shadow_params": averages},
        "optimizer": {},
        "sched": {},
    }
    return write_results(folder, state, options()), sum(weight.numel() for weight in averages)


def main(folder: Path) -> None:
    """Print the table."""
    print(machine_line())
    results, parameters = results_folder(folder / "results")
    start = time.perf_counter()
    command = ["rialto.cli", "import-nvlabs", results, "--model-repo", folder / "model_repo"]
    run = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    said = run.stdout.read() if run.stdout else ""
    _, status, usage = os.wait4(run.pid, 0)
    seconds = time.perf_counter() - start
    written = sum(file.stat().st_size for file in (folder / "model_repo").rglob("*"))
    print(said)
    print(
        "| | |\n|---|---|\n"
        f"| parameters | {parameters / 1e6:.1f} million |\n"
        f"| latest.pt | {(results / 'latest.pt').stat().st_size / GIB:.1f} GiB |\n"
        f"| seconds, processor's seconds | {seconds:.0f}, {usage.ru_utime + usage.ru_stime:.0f} |\n"
        f"| largest resident set | {usage.ru_maxrss / 2**20:.1f} GiB |\n"
        f"| ONNX written | {written / GIB:.1f} GiB |"
    )
    if status:
        raise SystemExit(f"rialto import-nvlabs ended with {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
