"""The model card: a network's own document, told to people in Markdown."""

from bridge.contract import NetworkCard, PresetCard, Quality


def model_card(card: NetworkCard) -> str:
    """Markdown made from the card alone; the same card gives the same text."""
    inputs = ", ".join(f"`{name}`" for name in card.inputs)
    training = card.training
    lines = [
        f"# {card.name}: {card.title}",
        "",
        f"An image-to-image Schrödinger bridge (I²SB) of {card.parameters:,} parameters, family"
        f" `{card.family}`, {'conditional on x_1, ' if card.conditional else ''}"
        f"{'OT-ODE' if card.ot_ode else 'stochastic'}.",
        "",
        f"* Weights (SHA-256): `{card.weights_sha256}`",
        f"* Licence: {card.licence}",
        f"* Task `{card.task}`, output {card.scale}x the input, x_1 by `{card.start}`",
        f"* Inputs {inputs}; tiles of {card.tile.size} px, overlap {card.tile.overlap} px",
        f"* Schedule: {card.schedule.interval} intervals, β_max {card.schedule.beta_max}",
        "",
        "## Presets",
        "",
        *(line for name, preset in card.presets.items() for line in _preset(name, preset)),
        "## Training",
        "",
        f"{training.photographs}. {training.iterations:,} updates of {training.batch} patches of"
        f" {training.patch} px, loss {training.loss}, seed {training.seed}"
        + (f"; {training.cpu_hours:.1f} hours of one core" if training.cpu_hours else "")
        + (f" ({training.machine})" if training.machine else "")
        + ".",
        "",
        "## Limits",
        "",
        *(f"* {limit}" for limit in card.limits),
        "",
        "This page is made from the network's metadata by `rialto export`.",
        "",
    ]
    return "\n".join(lines)


def _preset(name: str, preset: PresetCard) -> list[str]:
    plan = f"`{preset.sampler}`, {preset.steps} steps, {preset.grid} grid, η {preset.eta:g}"
    lines = [f"### {name}", "", f"{preset.claim} {plan}.", ""]
    if preset.quality:
        lines += [
            "| photographs | PSNR-Y dB (input) | SSIM-Y | LPIPS-alex (input) | DISTS"
            " | s/megapixel |",
            "|---|---|---|---|---|---|",
            *(_quality(quality) for quality in preset.quality),
            "",
        ]
    return lines


def _quality(quality: Quality) -> str:
    def shown(value: float | None, digits: int) -> str:
        return "not measured" if value is None else f"{value:.{digits}f}"

    return (
        f"| {quality.photos} | {quality.psnr_y:.2f} ({quality.input_psnr_y:.2f})"
        f" | {quality.ssim:.4f} | {shown(quality.lpips, 3)} ({shown(quality.input_lpips, 3)})"
        f" | {shown(quality.dists, 3)}"
        f" | {shown(quality.seconds_per_megapixel, 2)} |"
    )
