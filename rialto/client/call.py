"""A caller's wishes become a `Call`: all of one HTTP request, made before any connection.

The photo is read whole, so that a call can be sent again after a broken connection.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypedDict
from uuid import uuid4

from rialto.choices import FormatName, MetadataMode, PresetName
from rialto.client.restoration import Progress

PhotoInput = str | Path | bytes | BinaryIO
OnProgress = Callable[[Progress], None]


class RestoreOptions(TypedDict, total=False):
    """How to restore; what is left out, or None, the service decides.

    preset    fast (default) | balanced | best: network, sampler, steps, grid and eta
    steps     evaluations of the network, instead of the preset's
    sampler   instead of the preset's; `tasks()` names it
    eta       0..1, share of fresh noise in each step
    grid      uniform | quadratic: where the steps lie
    seed      decides the noise; the same seed gives the same pixels
    format    png | jpeg | webp | tiff | avif; the default is the photo's own
    quality   1..100, of lossy formats
    metadata  keep (default) | strip: EXIF, XMP and IPTC; colour profiles always stay
    mask      a second image of the photo's size, white where it is to be repaired
    """

    preset: PresetName
    steps: int | None
    sampler: str | None
    eta: float | None
    grid: str | None
    seed: int | None
    format: FormatName | None
    quality: int | None
    metadata: MetadataMode
    mask: PhotoInput | None


@dataclass(frozen=True)
class Call:
    """One request, and how long to hold it back.

    body         the raw photo, or the parts of a form by name, or None
    on_progress  where given, the answer is asked for as server-sent events
    after        seconds to wait before it is sent; more than 0 in repetitions
    """

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, bytes] | None = field(default=None, repr=False)
    on_progress: OnProgress | None = None
    after: float = 0.0
    request_id: str = field(default_factory=lambda: uuid4().hex)


def get(path: str) -> Call:
    """A call that reads `path`."""
    return Call("GET", path)


def restore_call(
    photo: PhotoInput,
    on_progress: OnProgress | None = None,
    *,
    task: str,
    preset: PresetName = "fast",
    steps: int | None = None,
    sampler: str | None = None,
    eta: float | None = None,
    grid: str | None = None,
    seed: int | None = None,
    format: FormatName | None = None,  # noqa: A002 -- the parameter's name over HTTP
    quality: int | None = None,
    metadata: MetadataMode = "keep",
    mask: PhotoInput | None = None,
) -> Call:
    """The call that restores `photo`; options as in `RestoreOptions`.

    Raises OSError where a file cannot be read, TypeError for an option that does not exist.
    """
    chosen = {
        "task": task,
        "preset": preset,
        "steps": steps,
        "sampler": sampler,
        "eta": eta,
        "grid": grid,
        "seed": seed,
        "format": format,
        "quality": quality,
        "metadata": metadata,
    }
    headers = {"Accept": "image/*"} if on_progress is None else {"Accept": "text/event-stream"}
    image = read_photo(photo)
    if mask is None:
        headers["Content-Type"] = "application/octet-stream"
    return Call(
        "POST",
        "/restore",
        params={name: str(value) for name, value in chosen.items() if value is not None},
        headers=headers,
        body=image if mask is None else {"image": image, "mask": read_photo(mask)},
        on_progress=on_progress,
    )


def read_photo(photo: PhotoInput) -> bytes:
    """All bytes of a photo that is given as a path, as bytes or as an open binary file."""
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | Path):
        return Path(photo).read_bytes()
    return photo.read()
