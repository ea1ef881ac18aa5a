"""File formats: a file's first bytes to its name, and what each format can hold.

Needs no image library, so the gateway may ask before a decoder is woken.
"""

from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from service.photo.refusals import EmptyBody, NotAPhoto, TooLargeForFormat, TooManyFrames

Format = Literal["jpeg", "png", "webp", "tiff", "avif"]


@dataclass(frozen=True)
class FormatFacts:
    """What one format can hold.

    max_side         pixels along the longer side, the format's own bound
    depth            bits a sample that a 16-bit photo keeps in it
    most_megapixels  what its encoder manages in a child's memory; half of it at 16 bits
    """

    content_type: str
    extension: str
    max_side: int
    depth: int
    alpha: bool
    grey: bool
    lossy: bool
    most_megapixels: float = inf


FORMATS: Final[dict[Format, FormatFacts]] = {
    "jpeg": FormatFacts("image/jpeg", "jpg", 65_500, 8, alpha=False, grey=True, lossy=True),
    "png": FormatFacts("image/png", "png", 2**31 - 1, 16, alpha=True, grey=True, lossy=False),
    "webp": FormatFacts("image/webp", "webp", 16_383, 8, alpha=True, grey=False, lossy=True),
    "tiff": FormatFacts("image/tiff", "tif", 2**31 - 1, 16, alpha=True, grey=True, lossy=False),
    "avif": FormatFacts(
        "image/avif", "avif", 16_384, 12, alpha=True, grey=False, lossy=True, most_megapixels=36
    ),
}

_ACCEPTED: Final = "Send a JPEG, PNG, WebP, TIFF or AVIF file."

# What people send by mistake: the name lets the refusal say what it was.
_OTHERS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"%PDF", "a PDF"),
    (b"\xff\x0a", "a JPEG XL file"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file"),
    (b"PK\x03\x04", "a zip archive"),
)


def sniff(data: bytes | bytearray | memoryview) -> Format:
    """The format by its magic bytes; names and content types are not believed.

    Raises EmptyBody, NotAPhoto, or TooManyFrames for an AVIF image sequence.
    """
    head = bytes(data[:64])
    if not head:
        raise EmptyBody(f"The body is empty. {_ACCEPTED}")
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "tiff"
    if head[4:8] == b"ftyp":
        return _sniff_heif(head)
    found = next((name for magic, name in _OTHERS if head.startswith(magic)), None)
    if found is None and head.lstrip().startswith(b"<"):
        found = "HTML or XML text"
    raise NotAPhoto(f"The body is {found or 'no photo this service knows'}. {_ACCEPTED}")


def _sniff_heif(head: bytes) -> Format:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}
    if head[8:12] == b"avis":
        raise TooManyFrames("The AVIF file is an image sequence. Send one still photo.")
    if b"avif" in brands:
        return "avif"
    raise NotAPhoto(f"The body is a HEIC or other ISO media file. {_ACCEPTED}")


def check_fits(form: Format, width: int, height: int, bits: int = 8) -> None:
    """Raise TooLargeForFormat where `form` cannot hold width × height pixels of 8 or 16 bits.

    Cheap, and known before the photo is restored: ask it at the door.
    """
    facts = FORMATS[form]
    most = facts.most_megapixels / (2 if bits > 8 else 1)
    if max(width, height) > facts.max_side:
        bound = f"{facts.max_side} pixels a side"
    elif width * height > most * 1e6:
        bound = f"{most:g} megapixels at {bits} bits"
    else:
        return
    raise TooLargeForFormat(
        f"A result of {width}×{height} pixels does not fit {form}, which can be written up to "
        f"{bound}. Ask for format=png or format=tiff."
    )
