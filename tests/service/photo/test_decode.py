from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from service.photo.photo import Resolution


@pytest.mark.parametrize(
    ("mode", "form", "channels"),
    [
        ("1", "PNG", 1),
        ("1", "TIFF", 1),
        ("P", "PNG", 3),
        ("P", "TIFF", 3),
        ("L", "JPEG", 1),
        ("RGB", "PNG", 3),
        ("RGB", "TIFF", 3),
    ],
)
async def test_every_plain_kind_becomes_grey_or_rgb(
    codec, written, picture, mode, form, channels
) -> None:
    image = picture.convert(mode)
    photo = await codec.decode(written(image, form, **({"quality": 95} if form == "JPEG" else {})))
    expected = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    assert photo.pixels.shape == (667, 1001, channels)
    assert photo.pixels.dtype == np.uint8
    difference = np.abs(np.squeeze(photo.pixels).astype(int) - expected).max()
    assert difference <= (12 if form == "JPEG" else 0)
    assert photo.alpha is None
    assert photo.notes == ()


async def test_a_jpeg_has_the_very_pixels_that_libjpeg_gives(codec, written, picture) -> None:
    data = written(picture, "JPEG", quality=40)
    photo = await codec.decode(data)
    np.testing.assert_array_equal(photo.pixels, np.asarray(Image.open(BytesIO(data))))


async def test_sixteen_bit_grey_with_alpha_stays_so(codec) -> None:
    values = np.arange(40 * 30 * 2, dtype=np.uint16).reshape(30, 40, 2) * 27
    image = pyvips.Image.new_from_array(values).copy(interpretation="grey16")
    for form in (".png", ".tif"):
        photo = await codec.decode(image.write_to_buffer(form))
        np.testing.assert_array_equal(photo.pixels, values[..., :1])
        np.testing.assert_array_equal(photo.alpha, values[..., 1])
        assert (photo.bit_depth, photo.is_grey) == (16, True)


async def test_alpha_is_apart_and_not_premultiplied(codec, written) -> None:
    values = np.zeros((8, 8, 4), np.uint8)
    values[..., :3] = 200
    values[..., 3] = np.arange(8) * 30
    for form, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        photo = await codec.decode(written(Image.fromarray(values), form, **options))
        assert (photo.pixels == 200).all()
        np.testing.assert_array_equal(photo.alpha, values[..., 3])


async def test_white_of_a_ten_bit_avif_is_full_white(codec) -> None:
    white = pyvips.Image.black(64, 64, bands=3).linear(1, 65535).cast("ushort")
    file = white.copy(interpretation="rgb16").heifsave_buffer(
        compression="av1", bitdepth=10, lossless=True
    )
    photo = await codec.decode(file)
    assert photo.bit_depth == 10
    assert photo.pixels.min() == 65535


async def test_a_monochrome_avif_is_grey(codec, written, picture) -> None:
    photo = await codec.decode(written(picture.convert("L"), "AVIF"))
    assert photo.is_grey


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_orientation_is_read_and_pixels_are_not_turned(
    codec, written, picture, orientation
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for form in ("JPEG", "PNG", "WEBP", "TIFF"):
        photo = await codec.decode(written(picture, form, exif=exif.tobytes()))
        assert photo.orientation == orientation
        assert (photo.width, photo.height) == (1001, 667)
        assert photo.displayed_size == ((1001, 667) if orientation < 5 else (667, 1001))


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
async def test_orientation_nine_counts_as_one_with_a_note(codec, written, picture, form) -> None:
    exif = Image.Exif()
    exif[0x0112] = 9
    photo = await codec.decode(written(picture, form, exif=exif.tobytes()))
    assert photo.orientation == 1
    assert "orientation 9" in photo.notes[0]


@pytest.mark.parametrize(
    ("form", "options", "expected"),
    [
        ("JPEG", {"dpi": (300, 150)}, Resolution(300 / 25.4, 150 / 25.4)),
        ("PNG", {"dpi": (300, 300)}, Resolution(11.811, 11.811)),
        ("TIFF", {"dpi": (600, 600)}, Resolution(600 / 25.4, 600 / 25.4)),
        ("JPEG", {}, None),
        ("PNG", {}, None),
        ("WEBP", {}, None),
    ],
)
async def test_a_resolution_is_known_only_where_the_file_states_one(
    codec, written, picture, form, options, expected
) -> None:
    found = (await codec.decode(written(picture, form, **options))).resolution
    if expected is None:
        assert found is None
    else:
        assert (found.x, found.y) == pytest.approx((expected.x, expected.y), rel=1e-4)


async def test_a_tiff_with_a_reduced_copy_is_one_photo(codec, picture) -> None:
    image = pyvips.Image.new_from_array(np.asarray(picture)).copy(interpretation="srgb")
    pyramid = image.tiffsave_buffer(pyramid=True, tile=True, tile_width=128, tile_height=128)
    photo = await codec.decode(pyramid)
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture))


async def test_a_bigtiff_is_decoded(codec, picture) -> None:
    image = pyvips.Image.new_from_array(np.asarray(picture)).copy(interpretation="srgb")
    photo = await codec.decode(image.tiffsave_buffer(bigtiff=True))
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture))
    assert photo.notes == ()


async def test_a_png_keeps_its_texts(codec, written, picture) -> None:
    info = PngInfo()
    info.add_text("Title", "Tower")
    photo = await codec.decode(written(picture, "PNG", pnginfo=info))
    assert photo.texts == (("Title", "Tower"),)
