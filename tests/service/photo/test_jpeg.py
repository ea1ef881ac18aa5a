import pytest

from service.photo.jpeg import compression


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
