"""Any bytes are a photo, which can be written again, or a problem, and never anything else."""

import asyncio
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from service.photo.codec import Codec
from service.photo.refusals import DecoderDied, DecodeTimeout, EncodeFailed
from service.photo.savers import Packing
from service.problems import Problem
from tests.fuzz_decoders import LIMITS, outcome
from tests.service.photo.mutate import damaged, kept_files

EXIF = Image.Exif()
EXIF[0x0112], EXIF[0x010F] = 6, "Maker"
EXIF.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"


async def test_no_file_that_once_broke_a_decoder_does_so_again() -> None:
    codec = Codec(LIMITS)
    await codec.start()
    try:
        for name, data in kept_files().items():
            word, kept = await outcome(codec, data)
            assert kept, f"{name}: {word}"
        files = damaged(seed=1)
        for _ in range(200):
            word, kept = await outcome(codec, data := next(files))
            assert kept, f"{word}: {data.hex()}"
    finally:
        await codec.close()


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
