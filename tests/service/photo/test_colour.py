import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

BPC = ImageCms.Flags.BLACKPOINTCOMPENSATION


@pytest.fixture(scope="module")
def press() -> bytes:
    """The CMYK profile inside libvips, which every installation has."""
    return pyvips.Operation.call("profile_load", "cmyk")


def p3() -> bytes:
    return pyvips.Operation.call("profile_load", "p3")


def by_littlecms(image: Image.Image, profile: bytes) -> np.ndarray:
    """An independent conversion to sRGB: Pillow's littlecms, relative colorimetric."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return np.asarray(
        ImageCms.profileToProfile(image, source, target, intent, outputMode="RGB", flags=BPC)
    )


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
async def test_cmyk_becomes_the_srgb_that_littlecms_makes_of_it(
    codec, written, picture, press, form
) -> None:
    # Pillow writes CMYK JPEG as Adobe does, inverted and marked; TIFF as it is.
    cmyk = picture.convert("CMYK")
    options = {"quality": 100} if form == "JPEG" else {}
    data = written(cmyk, form, icc_profile=press, **options)
    photo = await codec.decode(data)
    expected = by_littlecms(Image.open(BytesIO(data)), press)
    assert np.abs(photo.pixels.astype(int) - expected).mean() < 1
    assert "CMYK" in photo.notes[0]
    made = ImageCms.ImageCmsProfile(BytesIO(photo.icc))
    assert made.profile.xcolor_space.strip() == "RGB"


async def test_cmyk_without_a_profile_goes_by_a_press_profile(
    codec, written, picture, press
) -> None:
    cmyk = picture.convert("CMYK")
    photo = await codec.decode(written(cmyk, "TIFF"))
    assert np.abs(photo.pixels.astype(int) - by_littlecms(cmyk, press)).mean() < 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
async def test_an_rgb_profile_is_kept_and_its_values_with_it(codec, written, form) -> None:
    flat = Image.new("RGB", (64, 64), (200, 40, 90))
    photo = await codec.decode(written(flat, form, icc_profile=p3()))
    assert photo.icc == p3()
    assert np.abs(photo.pixels.astype(int) - (200, 40, 90)).max() <= 6


@pytest.mark.parametrize("damage", ["cut", "noise", "of another class"])
async def test_a_bad_profile_is_dropped_and_the_photo_kept(
    codec, written, picture, press, damage
) -> None:
    icc = {"cut": p3()[:200], "noise": b"x" * 500, "of another class": press}[damage]
    photo = await codec.decode(written(picture, "TIFF", icc_profile=icc))
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture))
    assert photo.icc is None
    assert "profile" in photo.notes[0]


async def test_an_rgb_profile_on_a_grey_photo_is_dropped(codec, written, picture) -> None:
    photo = await codec.decode(written(picture.convert("L"), "JPEG", icc_profile=p3()))
    assert photo.is_grey
    assert photo.icc is None
    assert "profile" in photo.notes[0]


async def test_lab_becomes_srgb(codec, picture) -> None:
    image = pyvips.Image.new_from_array(np.asarray(picture)).copy(interpretation="srgb")
    photo = await codec.decode(image.colourspace("labs").tiffsave_buffer())
    expected = np.asarray(picture).astype(int) * 257
    assert np.abs(photo.pixels.astype(int) - expected).mean() < 257
    assert "Lab" in photo.notes[0]


async def test_display_p3_by_code_points_gets_the_profile(codec, written, chunk) -> None:
    data = written(Image.new("RGB", (8, 8), (200, 40, 90)), "PNG")
    photo = await codec.decode(chunk(data, b"cICP", bytes((12, 13, 0, 1))))
    assert photo.icc == p3()


@pytest.fixture
def chunk():
    """A PNG with one more chunk, right after its header."""

    def insert(data: bytes, kind: bytes, content: bytes) -> bytes:
        made = struct.pack(">I", len(content)) + kind + content
        return data[:33] + made + struct.pack(">I", zlib.crc32(kind + content)) + data[33:]

    return insert
