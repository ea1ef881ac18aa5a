import io

import pytest
from PIL import Image

from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.restore.accept import Upload
from service.restore.decode import Answerable, MaskSize, decode
from tests.bridge.cards import card

MASKED = card(inputs=("x_t", "t", "sigma", "x_1", "mask"))
SIDEWAYS = 6  # EXIF: the file lies on its side


def png(mode: str, width: int, height: int, orientation: int = 1) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.new(mode, (width, height)).save(file, "PNG", exif=exif)
    return file.getvalue()


async def test_a_mask_covers_the_photo_as_people_see_it() -> None:
    codec = Codec(CodecLimits(max_input_megapixels=1, decode_timeout_s=20))
    await codec.start()
    try:
        photo = png("RGB", 48, 32, SIDEWAYS)
        answerable = Answerable(1, "png")
        await decode(Upload(photo, png("L", 32, 48)), codec, MASKED, answerable)
        with pytest.raises(MaskSize, match="48x32, the photo, as displayed, 32x48"):
            await decode(Upload(photo, png("L", 48, 32)), codec, MASKED, answerable)
    finally:
        await codec.close()
