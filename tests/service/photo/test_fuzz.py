"""Any bytes are a photo, which can be written again, or a problem, and never anything else."""

import asyncio
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from service.photo.refusals import DecoderDied, DecodeTimeout, EncodeFailed
from service.photo.savers import Packing
from service.problems import Problem

EXIF = Image.Exif()
EXIF[0x0112], EXIF[0x010F] = 6, "Maker"
EXIF.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"


def seed(form: str, mode: str, **options) -> bytes:
    written = BytesIO()
    image = Image.linear_gradient("L").resize((40, 24)).convert(mode)
    image.save(written, form, **options)
    return written.getvalue()


SEEDS = [
    seed("JPEG", "RGB", exif=EXIF.tobytes()),
    seed("JPEG", "CMYK"),
    seed("PNG", "RGBA", exif=EXIF.tobytes()),
    seed("PNG", "P"),
    seed("WEBP", "RGB"),
    seed("TIFF", "RGB", compression="tiff_lzw"),
    seed("TIFF", "LA", exif=EXIF),
    seed("AVIF", "RGB"),
]

EXAMPLES = 400
damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(
    data=st.sampled_from(SEEDS),
    kept=st.floats(0, 1),
    damage=damage,
    whole=st.booleans(),
    form=st.sampled_from(["jpeg", "png", "tiff", "webp"]),
)
def test_damaged_files_are_a_photo_or_a_problem(
    codec, provenance, data, kept, damage, whole, form
) -> None:
    hurt = bytearray(data if whole else data[: round(len(data) * kept)])
    for place, value in damage:
        if hurt:
            hurt[round(place * (len(hurt) - 1))] = value
    try:
        photo = asyncio.run(codec.decode(bytes(hurt)))
        encoded = asyncio.run(codec.encode(photo, Packing(form, provenance)))
    except (DecoderDied, DecodeTimeout, EncodeFailed):
        raise
    except Problem:
        return
    assert (encoded.width, encoded.height) == photo.displayed_size
