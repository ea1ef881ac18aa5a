"""What the card of a network that we train says of its task: title, start, presets, limits."""

from dataclasses import dataclass

from bridge.contract import HoleFill, PresetCard, PresetName, Projection, Start


@dataclass(frozen=True)
class TaskProfile:
    """The parts of a card that follow from the task and not from the training run."""

    title: str
    scale: int
    start: Start
    presets: dict[PresetName, PresetCard]
    limits: tuple[str, ...]
    hole_fill: HoleFill | None = None
    projection: Projection = "none"


FAST = "Keeps to what is there: one step, the most faithful."
BALANCED = "Sharper than fast, and still close to what is there."
BEST = "Invents plausible detail: the sharpest, and the least literal."


def presets(balanced: int, best: int, eta: float = 0.0) -> dict[PresetName, PresetCard]:
    """One step for `fast`, so many for the others; `eta` is the others' share of fresh noise."""
    return {
        "fast": PresetCard(steps=1, eta=1.0, claim=FAST),
        "balanced": PresetCard(steps=balanced, eta=eta, claim=BALANCED),
        "best": PresetCard(steps=best, eta=eta, claim=BEST),
    }


PROFILES: dict[str, TaskProfile] = {
    "sr4x": TaskProfile(
        title="4x super-resolution",
        scale=4,
        start="bicubic",
        presets=presets(balanced=4, best=6),
        limits=(
            "Trained on photographs shrunk by antialiased bicubic: noise, blur or JPEG blocks in"
            " the small photo are enlarged with it.",
            "Text below about 8 pixels in height and fine regular patterns are not recovered.",
        ),
        projection="sr",
    ),
    "jpeg": TaskProfile(
        title="JPEG artefact removal",
        scale=1,
        start="identity",
        presets=presets(balanced=1, best=3),
        limits=(
            "Trained on quality 5 to 60; a file of higher quality is hardly changed.",
            "The block grid must start at the file's first pixel: a cropped copy that was saved"
            " again without loss of its old blocks is restored less well.",
        ),
        projection="jpeg",
    ),
    "deblur": TaskProfile(
        title="Deblurring",
        scale=1,
        start="identity",
        presets=presets(balanced=2, best=5),
        limits=(
            "Trained on lens blur, defocus and shake of up to some 8 pixels with up to 2 % of"
            " noise: a photo blurred more widely should be made smaller first.",
            "A background that was meant to be out of focus is sharpened with the rest.",
        ),
    ),
    "mixture": TaskProfile(
        title="Old and worn photos",
        scale=1,
        start="identity",
        presets=presets(balanced=3, best=6),
        limits=(
            "Trained on blur, noise, resizing and JPEG in random order and unknown strength:"
            " where a photo has one of them alone, the task made for it does better.",
            "Scratches, dust and torn parts stay: paint them over with the task inpaint.",
        ),
    ),
    "inpaint": TaskProfile(
        title="Scratches and holes",
        scale=1,
        start="identity",
        presets=presets(balanced=2, best=4),
        limits=(
            "Fills what the mask marks from some 60 pixels around: scratches, dust and small"
            " objects; the middle of larger holes stays blurred.",
            "A mask that leaves the rim of a scratch uncovered smears its colour into the hole.",
        ),
        hole_fill="smooth",
        projection="known-pixels",
    ),
    "sr4x-real": TaskProfile(
        title="4x super-resolution of phone and web photos",
        scale=4,
        start="bicubic",
        presets=presets(balanced=1, best=4),
        limits=(
            "Trained on small photos with blur, noise and JPEG blocks: a clean one that was only"
            " made smaller comes out sharper by sr4x.",
            "Text below about 8 pixels in height and fine regular patterns are not recovered.",
        ),
    ),
    "denoise": TaskProfile(
        title="Noise of little light",
        scale=1,
        start="identity",
        presets=presets(balanced=2, best=5),
        limits=("Trained on the noise of a sensor, before it is smoothed or compressed.",),
    ),
}
