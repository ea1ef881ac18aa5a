"""What the card of a network that we train says of its task: title, start, presets, limits."""

from dataclasses import dataclass

from bridge.contract import PresetCard, PresetName, Start


@dataclass(frozen=True)
class TaskProfile:
    """The parts of a card that follow from the task and not from the training run."""

    title: str
    scale: int
    start: Start
    presets: dict[PresetName, PresetCard]
    limits: tuple[str, ...]


FAST = "Keeps to what is there: one step, the most faithful."
BALANCED = "Sharper than fast, and still close to what is there."
BEST = "Invents plausible detail: the sharpest, and the least literal."

PROFILES: dict[str, TaskProfile] = {
    "sr4x": TaskProfile(
        title="4x super-resolution",
        scale=4,
        start="bicubic",
        presets={
            "fast": PresetCard(steps=1, eta=1.0, claim=FAST),
            "balanced": PresetCard(steps=4, eta=0.0, claim=BALANCED),
            "best": PresetCard(steps=12, eta=0.0, claim=BEST),
        },
        limits=(
            "Trained on photographs shrunk by antialiased bicubic: noise, blur or JPEG blocks in"
            " the small photo are enlarged with it.",
            "Text below about 8 pixels in height and fine regular patterns are not recovered.",
        ),
    ),
    "jpeg": TaskProfile(
        title="JPEG artefact removal",
        scale=1,
        start="identity",
        presets={
            "fast": PresetCard(steps=1, eta=1.0, claim=FAST),
            "balanced": PresetCard(steps=2, eta=1.0, claim=BALANCED),
            "best": PresetCard(steps=5, eta=1.0, claim=BEST),
        },
        limits=(
            "Trained on quality 5 to 60; a file of higher quality is hardly changed.",
            "The block grid must start at the file's first pixel: a cropped copy that was saved"
            " again without loss of its old blocks is restored less well.",
        ),
    ),
}
