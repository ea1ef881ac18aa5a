"""The options a network was trained with become its card."""

from bridge.contract import (
    InputName,
    NetworkCard,
    PresetCard,
    PresetName,
    Projection,
    ScheduleCard,
    Start,
    TileCard,
    TrainingCard,
)
from bridge.networks.adm import AdmShape
from export.nvlabs.options import CheckpointError, Options

LICENCE = "CC-BY-NC-SA-4.0"  # of the published checkpoints

# Steps beyond `fast` as published for these weights (I3SB, arXiv:2403.06069, Tables 1 and 2):
# η 0.6, as a network that does not see x_1 over-sharpens at 0; the uniform grid is theirs.
STOCHASTIC: dict[PresetName, PresetCard] = {
    "fast": PresetCard(steps=1, grid="uniform", claim="Keeps to what is there: one step."),
    "balanced": PresetCard(steps=25, grid="uniform", eta=0.6, claim="Detail at little cost."),
    "best": PresetCard(steps=100, grid="uniform", eta=0.6, claim="The most detail, slowly."),
}
OT_ODE: dict[PresetName, PresetCard] = {
    "fast": PresetCard(
        sampler="ot-ode", steps=2, grid="uniform", eta=0.0, claim="Keeps to what is there."
    ),
    "balanced": PresetCard(
        sampler="ot-ode", steps=10, grid="uniform", eta=0.0, claim="Detail at little cost."
    ),
    "best": PresetCard(
        sampler="ot-ode", steps=50, grid="uniform", eta=0.0, claim="The most detail, slowly."
    ),
}
AT_ITS_SIZE = (
    "Trained on photographs of {size} pixels a side: fine detail at other scales may suffer."
)
NON_COMMERCIAL = "The published checkpoints are for non-commercial use."
LIMITS = {
    "blur": "Trained on the benchmark's blur, which darkens and is no convolution: it does not"
    " sharpen photographs that a lens or a hand blurred.",
    "sr4x-pool": "Trained on photographs shrunk by the mean of 4x4 pixels.",
    "sr4x-bicubic": "Trained on photographs shrunk by antialiased bicubic.",
    "jpeg": "Trained on one quality of JPEG; another is restored less well.",
    "inpaint": "Trained on holes of one kind; others are filled less well.",
}


def import_card(
    options: Options,
    shape: AdmShape,
    *,
    name: str,
    task: str,
    licence: str,
    parameters: int,
    updates: int,
    digest: str,
) -> NetworkCard:
    """The card of an imported network; raises CheckpointError where Rialto cannot run it."""
    kind, multiple = options.corrupt.split("-")[0], shape.multiple
    if kind not in ("jpeg", "sr4x", "blur", "inpaint"):
        raise CheckpointError(f"no task is known for networks trained on {options.corrupt!r}")
    if options.add_x1_noise:
        raise CheckpointError("it was trained with --add-x1-noise, which no start of ours makes")
    inputs: tuple[InputName, ...] = ("x_t", "t", "sigma")
    start: Start = "nearest" if kind == "sr4x" else "identity"
    projection: Projection = "known-pixels" if kind == "inpaint" else "none"
    schedule = ScheduleCard(
        interval=options.interval, beta_max=options.beta_max, t0=options.t0, t1=options.T
    )
    try:
        schedule.build()
        return NetworkCard(
            name=name,
            task=task,
            title=f"{options.corrupt}, by the authors of I²SB",
            family="adm",
            scale=4 if kind == "sr4x" else 1,
            start=start,
            hole_fill="noise" if kind == "inpaint" else None,
            inputs=(*inputs, "x_1") if options.cond_x1 else inputs,
            schedule=schedule,
            ot_ode=options.ot_ode,
            conditional=options.cond_x1,
            projection=projection,
            tile=TileCard(size=options.image_size, multiple=multiple, overlap=max(32, multiple)),
            parameters=parameters,
            presets=OT_ODE if options.ot_ode else STOCHASTIC,
            training=TrainingCard(
                photographs="ImageNet, as the official code reads it",
                iterations=updates,
                loss="l2 of (x_t - x_0)/σ",
                patch=options.image_size,
                batch=options.batch_size,
                seed=options.seed,
            ),
            limits=_limits(options, licence),
            licence=licence,
            weights_sha256=digest,
        )
    except ValueError as error:
        raise CheckpointError(f"these options make no network that Rialto runs: {error}") from error


def _limits(options: Options, licence: str) -> tuple[str, ...]:
    told = [text for kind, text in LIMITS.items() if options.corrupt.startswith(kind)]
    if licence == LICENCE:
        told.append(NON_COMMERCIAL)
    return (AT_ITS_SIZE.format(size=options.image_size), *told)
