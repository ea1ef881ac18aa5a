"""A restored photo with all that is needed to make it again, and what is heard on the way."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rialto.choices import SUFFIX
from rialto.writing import write_whole

SUFFIX_OF_TYPE = {f"image/{name}": suffix for name, suffix in SUFFIX.items()}
PreviewKind = Literal["x_0", "x_t"]


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
class Preview:
    """The picture after `step` of `steps`, small, as a data URL in `image`.

    kind  x_0: the estimate of the restored photo; x_t: where the walk stands
    """

    step: int
    steps: int
    kind: PreviewKind
    image: str = field(repr=False)

    @property
    def content_type(self) -> str:
        """The media type of `content`."""
        return self.image.removeprefix("data:").partition(";")[0]

    @property
    def content(self) -> bytes:
        """The bytes of the image file. Raises ValueError where the service sent none."""
        head, found, data = self.image.partition(";base64,")
        if not found or not head.startswith("data:"):
            raise ValueError("the preview is no data URL")
        return base64.b64decode(data, validate=True)


@dataclass(frozen=True)
class Restoration:
    """A restored photo.

    content       the bytes of the image file      content_type  image/png, image/jpeg, …
    seed          decided the noise                network       name@hash of its weights
    plan          sampler, steps, grid, eta        timing        ms by stage of the service
    request_id    as in the service's log
    steps_done    of `steps` of the plan; fewer where `deadline_ms` ended the walk
    """

    content: bytes = field(repr=False)
    content_type: str
    seed: int
    network: str
    plan: str
    timing: dict[str, float]
    request_id: str | None
    steps_done: int | None = None
    steps: int | None = None

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
