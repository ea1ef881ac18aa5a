import io

import numpy as np
import pytest
from PIL import Image

from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.photo.photo import Photo
from service.restore.accept import Upload
from service.restore.decode import Answerable, MaskMissing, MaskSize, decode, holes_of
from tests.bridge.cards import card

MASKED = card(
    inputs=("x_t", "t", "sigma", "x_1", "mask"), hole_fill="smooth", projection="known-pixels"
)
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
        decoded = await decode(Upload(photo, png("L", 32, 48)), codec, MASKED, answerable)
        assert decoded.holes is not None
        assert decoded.holes.shape == decoded.photo.pixels.shape[:2] == (32, 48)
        with pytest.raises(MaskMissing, match="`mask`"):
            await decode(Upload(photo), codec, MASKED, answerable)
        with pytest.raises(MaskSize, match="48x32, the photo, as displayed, 32x48"):
            await decode(Upload(photo, png("L", 48, 32)), codec, MASKED, answerable)
    finally:
        await codec.close()


def test_holes_are_white_and_opaque_or_transparent() -> None:
    pixels = np.array([[[0], [255], [255], [0]]], np.uint8)
    alpha = np.array([[255, 255, 0, 0]], np.uint8)
    mask = Photo(format="png", pixels=pixels, alpha=alpha)
    assert holes_of(mask).tolist() == [[False, True, False, False]]
    assert holes_of(mask, "transparent").tolist() == [[False, False, True, True]]
    opaque = Photo(format="png", pixels=pixels)
    assert holes_of(opaque).tolist() == [[False, True, True, False]]
    assert not holes_of(opaque, "transparent").any()
