"""A caller's wishes become a `Call`: all of one HTTP request, made before any connection.

The photo is read whole, so that a call can be sent again after a broken connection.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypedDict, Unpack
from uuid import uuid4

from rialto.choices import FormatName, MetadataMode, PresetName
from rialto.client.answer import Answer

PhotoInput = str | Path | bytes | BinaryIO
Previews = Literal["none", "x_0", "walk"]

DEFAULTS = {"preset": "fast", "metadata": "keep"}  # said aloud, whatever a newer service prefers
FAREWELL_S = 5.0  # of silence, until a service that is told to stop is left without an answer


class RestoreOptions(TypedDict, total=False):
    """How to restore; what is left out, or None, the service decides.

    preset       fast (default) | balanced | best: network, sampler, steps, grid and eta
    steps        evaluations of the network, instead of the preset's
    sampler      instead of the preset's; `tasks()` names it
    eta          0..1, share of fresh noise in each step
    grid         uniform | quadratic: where the steps lie
    seed         decides the noise; the same seed gives the same pixels
    format       png (default) | jpeg | webp | tiff | avif
    quality      1..100, of lossy formats
    metadata     keep (default) | strip: EXIF, XMP and IPTC; colour profiles always stay
    mask         a second image of the photo's size, white where it is to be repaired
    deadline_ms  the best that is reached in so many milliseconds; `steps_done` tells
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
    deadline_ms: int | None


class Listener(Protocol):
    """Whoever takes the server-sent events of an answer, and knows how to go on behind them."""

    events: int

    def hear(self, name: str, data: str, key: str, head: Answer) -> Answer | None:
        """Take one event; returns the answer that it completes."""

    def resumed(self, call: "Call") -> "Call":
        """What to send after a broken connection."""

    def farewell(self) -> "Call | None":
        """What to send where nobody listens any more."""


@dataclass(frozen=True)
class Call:
    """One request, and how long to hold it back.

    body      the raw photo, or the parts of a form by name, or None
    listener  where given, the answer is server-sent events, and this takes them
    after     seconds to wait before it is sent; more than 0 in repetitions
    """

    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, bytes] | None = field(default=None, repr=False)
    listener: Listener | None = None
    after: float = 0.0
    request_id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def events(self) -> int:
        """How many events its answers have brought."""
        return self.listener.events if self.listener is not None else 0

    def farewell(self) -> "Call | None":
        """What tells the service that nobody waits for the answer any more."""
        return self.listener.farewell() if self.listener is not None else None


def get(path: str) -> Call:
    """A call that reads `path`."""
    return Call("GET", path)


def restore_call(
    photo: PhotoInput,
    listener: Listener | None = None,
    *,
    task: str,
    previews: Previews | None = None,
    **options: Unpack[RestoreOptions],
) -> Call:
    """The call that restores `photo`.

    previews  pictures of the estimate (x_0), or of every x_t beside it (walk), as events

    Raises OSError where a file cannot be read, TypeError for an option that does not exist.
    """
    if unknown := options.keys() - RestoreOptions.__annotations__.keys():
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    mask = options.pop("mask", None)
    chosen = {**DEFAULTS, "task": task, **options, "previews": previews}
    headers = {"Accept": "image/*" if listener is None else "text/event-stream"}
    image = read_photo(photo)
    if mask is None:
        headers["Content-Type"] = "application/octet-stream"
    return Call(
        "POST",
        "/restore",
        params={name: str(value) for name, value in chosen.items() if value is not None},
        headers=headers,
        body=image if mask is None else {"image": image, "mask": read_photo(mask)},
        listener=listener,
    )


def read_photo(photo: PhotoInput) -> bytes:
    """All bytes of a photo that is given as a path, as bytes or as an open binary file."""
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    if isinstance(photo, str | Path):
        return Path(photo).read_bytes()
    return photo.read()
