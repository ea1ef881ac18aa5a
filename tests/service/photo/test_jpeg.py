from io import BytesIO

import pytest
from PIL import Image

from service.photo.jpeg import compression, quantisation


@pytest.mark.parametrize("quality", [1, 10, 37, 50, 75, 92, 100])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_quality_and_subsampling_are_those_of_the_writer(
    written, picture, quality, subsampling
) -> None:
    data = written(picture.resize((64, 48)), "JPEG", quality=quality, subsampling=subsampling)
    assert compression(data) == (quality, subsampling)


def test_a_grey_jpeg_has_no_subsampling(written, picture) -> None:
    assert compression(written(picture.convert("L"), "JPEG", quality=60)) == (60, None)


def test_headers_cut_anywhere_raise_nothing(written, picture) -> None:
    data = written(picture.resize((16, 16)), "JPEG")
    for length in range(2, 700):
        compression(data[:length])
        quantisation(data[:length])


@pytest.mark.parametrize(
    ("subsampling", "factor"), [("4:4:4", (1, 1)), ("4:2:2", (1, 2)), ("4:2:0", (2, 2))]
)
@pytest.mark.parametrize("progressive", [True, False])
def test_the_steps_are_the_files_own_in_reading_order(
    written, picture, subsampling, factor, progressive
) -> None:
    small = picture.resize((64, 48)).convert("RGB")
    options = {"quality": 34, "subsampling": subsampling, "progressive": progressive}
    data = written(small, "JPEG", **options)
    found = quantisation(data)
    with Image.open(BytesIO(data)) as image:
        tables = image.quantization
    assert found.factor == factor
    assert (found.luma, found.chroma) == (tuple(tables[0]), tuple(tables[1]))


def test_of_a_file_that_is_not_luma_and_chroma_no_steps_are_told(written, picture) -> None:
    small = picture.resize((16, 16))
    assert quantisation(written(small.convert("L"), "JPEG")) is None
    assert quantisation(written(small.convert("CMYK"), "JPEG")) is None
    kept = written(small.convert("RGB"), "JPEG", keep_rgb=True)
    assert quantisation(kept) is None
