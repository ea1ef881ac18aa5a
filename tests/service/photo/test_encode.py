import struct
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from service.photo.pages import canvas
from service.photo.photo import Photo, Resolution
from service.photo.refusals import TooLargeForFormat
from service.photo.savers import Packing


@pytest.fixture
def packing(provenance):
    def make(form: str, **options) -> Packing:
        return Packing(form, provenance, **options)

    return make


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_leaves_upright(codec, written, picture, packing, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = written(picture, "TIFF", exif=exif.tobytes())
    encoded = await codec.encode(await codec.decode(data), packing("png"))
    image = Image.open(BytesIO(encoded.data))
    expected = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    assert image.getexif().get(0x0112, 1) == 1
    assert (encoded.width, encoded.height) == expected.size


@pytest.mark.parametrize("form", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("with_alpha", [False, True])
async def test_lossless_formats_give_every_sample_back(
    codec, packing, form, dtype, channels, with_alpha
) -> None:
    noise = np.random.default_rng(3)
    top = np.iinfo(dtype).max
    pixels = noise.integers(0, top, (31, 47, channels), dtype, endpoint=True)
    alpha = noise.integers(0, top, (31, 47), dtype, endpoint=True) if with_alpha else None
    photo = Photo(format=form, pixels=pixels, alpha=alpha)
    again = await codec.decode((await codec.encode(photo, packing(form))).data)
    np.testing.assert_array_equal(again.pixels, pixels)
    if alpha is None:
        assert again.alpha is None
    else:
        np.testing.assert_array_equal(again.alpha, alpha)


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif"])
async def test_lossy_formats_come_close_at_the_default_quality(
    codec, picture, packing, form
) -> None:
    pixels = np.asarray(picture)
    encoded = await codec.encode(Photo(format=form, pixels=pixels), packing(form))
    again = await codec.decode(encoded.data)
    assert again.format == form
    assert np.abs(again.pixels.astype(int) - pixels).mean() < 2


async def test_sixteen_bits_are_rounded_not_cut_for_jpeg(codec, packing) -> None:
    # 200 * 257 - 100 is nearest to 200, though its upper byte is 199.
    pixels = np.full((32, 32, 3), 200 * 257 - 100, np.uint16)
    photo = Photo(format="png", pixels=pixels, bit_depth=16)
    encoded = await codec.encode(photo, packing("jpeg", quality=100))
    assert (await codec.decode(encoded.data)).pixels.max() == 200
    assert "16" in encoded.notes[0]


async def test_sixteen_bits_become_twelve_in_avif(codec, packing) -> None:
    pixels = np.full((64, 64, 3), 30_001, np.uint16)
    photo = Photo(format="png", pixels=pixels, bit_depth=16)
    again = await codec.decode((await codec.encode(photo, packing("avif"))).data)
    assert again.bit_depth == 12
    assert np.abs(again.pixels.astype(int) - 30_001).max() < 257


async def test_alpha_is_laid_on_white_where_jpeg_is_asked_for(codec, packing) -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    alpha = np.zeros((16, 32), np.uint8)
    alpha[:, 16:] = 255
    encoded = await codec.encode(Photo(format="png", pixels=pixels, alpha=alpha), packing("jpeg"))
    seen = np.asarray(Image.open(BytesIO(encoded.data)))
    assert seen[:, :8].min() > 250
    assert seen[:, 24:].max() < 5
    assert "alpha" in encoded.notes[0]


@pytest.mark.parametrize(
    ("quality", "subsampling"), [(95, "4:4:4"), (90, "4:4:4"), (89, "4:2:0"), (10, "4:2:0")]
)
async def test_colour_is_subsampled_below_quality_ninety(
    codec, picture, packing, quality, subsampling
) -> None:
    photo = Photo(format="jpeg", pixels=np.asarray(picture))
    again = await codec.decode((await codec.encode(photo, packing("jpeg", quality=quality))).data)
    assert (again.jpeg_quality, again.jpeg_subsampling) == (quality, subsampling)


async def test_a_grey_photo_stays_grey_in_jpeg(codec, picture, packing) -> None:
    photo = Photo(format="jpeg", pixels=np.asarray(picture.convert("L"))[..., None])
    again = await codec.decode((await codec.encode(photo, packing("jpeg"))).data)
    assert again.is_grey


async def test_a_grey_profile_becomes_srgb_where_the_format_is_rgb(codec, packing) -> None:
    # sRGB's curve of mid grey through a linear profile: 0.216 linear is 128 in sRGB.
    linear = linear_grey_profile()
    photo = Photo(format="png", pixels=np.full((32, 32, 1), 55, np.uint8), icc=linear)
    again = await codec.decode((await codec.encode(photo, packing("webp"))).data)
    assert again.icc != linear
    assert abs(int(again.pixels.mean()) - 128) <= 2
    same = await codec.decode((await codec.encode(photo, packing("png"))).data)
    assert same.icc == linear
    assert (same.pixels == 55).all()


def linear_grey_profile() -> bytes:
    """A grey profile whose values are linear light, assembled by hand (ICC.1:2010)."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 7) + b"linear\0" + bytes(79),
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061),
        b"kTRC": b"curv" + bytes(4) + struct.pack(">I", 0),
        b"cprt": b"text" + bytes(4) + b"none\0",
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", start + len(body), b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("form", ["jpeg", "png", "tiff"])
async def test_the_resolution_grows_and_turns_with_the_photo(codec, packing, form) -> None:
    small = Photo(
        format=form,
        pixels=np.zeros((20, 30, 3), np.uint8),
        orientation=6,
        resolution=Resolution(300 / 25.4, 150 / 25.4),
    )
    large = small.with_pixels(np.zeros((80, 120, 3), np.uint8))
    encoded = await codec.encode(large, packing(form))
    image = Image.open(BytesIO(encoded.data))
    assert image.size == (80, 120)
    assert image.info["dpi"] == pytest.approx((600, 1200), rel=1e-3)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "avif"])
async def test_no_resolution_is_made_up(codec, packing, form) -> None:
    photo = Photo(format=form, pixels=np.zeros((20, 30, 3), np.uint8))
    again = await codec.decode((await codec.encode(photo, packing(form))).data)
    assert again.resolution is None
    assert again.exif is None


async def test_a_result_too_large_for_its_format_is_refused(codec, packing) -> None:
    photo = Photo(format="png", pixels=np.zeros((1, 16_384, 3), np.uint8))
    with pytest.raises(TooLargeForFormat):
        await codec.encode(photo, packing("webp"))


async def test_a_canvas_is_encoded_like_any_array(codec, picture, packing, shared_pages) -> None:
    before = shared_pages()
    photo = Photo(format="png", pixels=np.asarray(picture))
    drawn = canvas(photo.pixels.shape, np.uint8)
    drawn[...] = photo.pixels
    one = await codec.encode(photo, packing("png"))
    other = await codec.encode(replace(photo, pixels=drawn), packing("png"))
    assert one.data == other.data
    del drawn
    assert shared_pages() == before


def test_restored_pixels_must_belong_to_the_photo() -> None:
    photo = Photo(format="png", pixels=np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(ValueError, match="pixels"):
        photo.with_pixels(np.zeros((8, 12), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        photo.with_pixels(np.zeros((8, 12, 3), np.float32))
    with pytest.raises(ValueError, match="alpha"):
        photo.with_pixels(np.zeros((8, 12, 3), np.uint8), np.zeros((8, 12), np.uint8))
