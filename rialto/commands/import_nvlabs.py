"""`rialto import-nvlabs`: a results folder of I²SB's authors becomes a network of ours."""

from pathlib import Path

from rich.console import Console

from export.nvlabs import import_results
from rialto.commands.export import say_written


def import_nvlabs(
    results: Path,
    model_repo: Path,
    name: str | None,
    task: str | None,
    licence: str,
    *,
    as_json: bool = False,
) -> None:
    """Import, check against torch, and say what it is called and under which licence it is.

    Raises `export.nvlabs.CheckpointError` and OSError.
    """
    imported = import_results(results, model_repo, name=name, task=task, licence=licence)
    card = imported.card
    say_written(imported.folder, card, imported.difference, as_json=as_json)
    if as_json:
        return
    console = Console()
    console.print(
        f"Trained on {card.training.iterations:,} updates, β_max {card.schedule.beta_max:g},"
        f" {'OT-ODE' if card.ot_ode else 'stochastic'}; licence {card.licence}.",
        soft_wrap=True,
    )
    console.print(f"Restore with it: POST /restore?task={card.task}", markup=False)
