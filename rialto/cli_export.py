"""The commands that put networks where they are served from; they need the extra `export`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from bridge.contract import PRESETS


def export(
    checkpoint: Annotated[
        Optional[Path], typer.Argument(help="A checkpoint of `rialto train`.")
    ] = None,
    name: Annotated[str, typer.Option(help="The network's name, and its folder's.")] = "",
    photos: Annotated[
        Optional[Path], typer.Option(help="Photographs to check the export on.")
    ] = None,
    model_repo: Annotated[Path, typer.Option(help="Where networks are served from.")] = Path(
        "model_repo"
    ),
    photographs: Annotated[str, typer.Option(help="What it was trained on, for the card.")] = "",
    cpu_hours: Annotated[Optional[float], typer.Option(help="Training time, for the card.")] = None,
    presets: Annotated[
        str, typer.Option(help="Presets it serves, where another network serves the rest.")
    ] = ",".join(PRESETS),
    new_version: Annotated[
        bool, typer.Option("--new-version", help="Beside the newest, not in its place.")
    ] = False,
    check_tensorrt: Annotated[
        bool, typer.Option("--check-tensorrt", help="Parse and build all on this CPU.")
    ] = False,
    tensorrt: Annotated[
        Optional[str], typer.Option(help="fp32, fp16 or bf16: build plans for this GPU.")
    ] = None,
    halved: Annotated[
        Optional[Path], typer.Option(help="A photo: what fp16 and bf16 change of it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as JSON.")] = False,
) -> None:
    """Turn a checkpoint into an ONNX file that Triton and the embedded engine serve.

    With --check-tensorrt, --tensorrt or --halved: the networks of --model-repo, or the one of
    --name, as TensorRT takes them.
    """
    if check_tensorrt or tensorrt is not None or halved is not None:
        _tensorrt(model_repo, name, tensorrt, halved)
        return
    if checkpoint is None or photos is None or not name:
        raise typer.BadParameter("an export needs CHECKPOINT, --name and --photos")
    from rialto.commands.export import Wished
    from rialto.commands.export import export as run_export

    chosen = tuple(filter(None, presets.split(",")))
    unknown = set(chosen) - set(PRESETS)
    if unknown or not chosen:
        raise typer.BadParameter(f"no preset {', '.join(sorted(unknown)) or 'at all'}")
    run_export(
        checkpoint,
        Wished(
            name,
            model_repo,
            photos,
            photographs,
            cpu_hours,
            chosen,  # type: ignore[arg-type]
            new_version,
        ),
        as_json=as_json,
    )


def _tensorrt(
    model_repo: Path, name: str, precision: Optional[str], halved: Optional[Path]
) -> None:
    from export.tensorrt import BuildOptions, TensorRtError
    from rialto.commands.tensorrt import build, check, compare

    folders = [model_repo / name] if name else sorted(model_repo.iterdir())
    try:
        if halved is not None:
            for folder in folders:
                compare(folder, halved)
        elif precision is None:
            check(model_repo)
        else:
            build(folders, precision, BuildOptions())  # type: ignore[arg-type]
    except (TensorRtError, ValueError) as error:
        typer.echo(f"rialto export: {error}", err=True)
        raise typer.Exit(2) from error


def import_nvlabs(
    results: Annotated[Path, typer.Argument(help="Folder with latest.pt and options.pkl.")],
    model_repo: Annotated[Path, typer.Option(help="Where networks are served from.")] = Path(
        "model_repo"
    ),
    name: Annotated[
        Optional[str], typer.Option(help="Network and folder; else nvlabs-<damage>.")
    ] = None,
    task: Annotated[
        Optional[str], typer.Option(help="What ?task= calls it; else its name.")
    ] = None,
    licence: Annotated[str, typer.Option(help="For the card.")] = "CC-BY-NC-SA-4.0",
    as_json: Annotated[bool, typer.Option("--json", help="What was written, as JSON.")] = False,
) -> None:
    """Mount a network of I²SB's authors; nothing in its files is run."""
    from export.nvlabs import CheckpointError
    from rialto.commands.import_nvlabs import import_nvlabs as run_import

    try:
        run_import(results, model_repo, name, task, licence, as_json=as_json)
    except (CheckpointError, OSError) as error:
        typer.echo(f"rialto import-nvlabs: {error}", err=True)
        raise typer.Exit(2) from error
