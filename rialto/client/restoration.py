"""A restored photo with all that is needed to make it again, and how it reaches a disk."""

from dataclasses import dataclass, field
from pathlib import Path

from rialto.choices import SUFFIX
from rialto.writing import write_whole

SUFFIX_OF_TYPE = {f"image/{name}": suffix for name, suffix in SUFFIX.items()}


@dataclass(frozen=True)
class Progress:
    """How far a restoration has come.

    step of steps, in region of regions; fraction of the whole in 0..1; seconds spent;
    eta_seconds expected to go, None while unknown.
    """

    step: int
    steps: int
    fraction: float
    region: int = 1
    regions: int = 1
    seconds: float = 0.0
    eta_seconds: float | None = None


@dataclass(frozen=True)
class Restoration:
    """A restored photo.

    content       the bytes of the image file      content_type  image/png, image/jpeg, …
    seed          decided the noise                network       name@hash of its weights
    plan          sampler, steps, grid, eta        timing        ms by stage of the service
    request_id    as in the service's log
    """

    content: bytes = field(repr=False)
    content_type: str
    seed: int
    network: str
    plan: str
    timing: dict[str, float]
    request_id: str | None

    @property
    def suffix(self) -> str:
        """The file suffix of `content_type`, with its dot; empty for an unknown type."""
        return SUFFIX_OF_TYPE.get(self.content_type, "")

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the photo to `path`, whole or not at all.

        An existing file, which may be the original, is replaced only where `overwrite` says
        so: else FileExistsError. Other failures of the disk are OSError.
        """
        path = Path(path)
        write_whole(self.content, path, overwrite=overwrite)
        return path
