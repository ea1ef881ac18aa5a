"""Pack: restored pixels to the bytes of a file, with what the old one said and who made it."""

from dataclasses import dataclass

from service.photo.codec import Codec, Encoded
from service.photo.formats import Format
from service.photo.photo import Metadata, Photo
from service.photo.provenance import Provenance
from service.photo.savers import Packing


@dataclass(frozen=True)
class Wrapping:
    """How the caller wants the answer: format, quality of lossy formats, metadata."""

    format: Format = "png"
    quality: int = 92
    metadata: Metadata = "keep"


async def pack(photo: Photo, codec: Codec, wrapping: Wrapping, provenance: Provenance) -> Encoded:
    """Encode; raises TooLargeForFormat or EncodeFailed."""
    packing = Packing(
        format=wrapping.format,
        provenance=provenance,
        quality=wrapping.quality,
        metadata=wrapping.metadata,
    )
    return await codec.encode(photo, packing)
