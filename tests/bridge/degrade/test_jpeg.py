from io import BytesIO

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.jpeg import jpeg_bytes, jpeg_round_trip


@pytest.mark.parametrize("subsample", [True, False])
@pytest.mark.parametrize("quality", [5, 40, 92])
def test_training_and_service_decode_a_jpeg_to_the_same_bits(
    photo: NDArray[np.uint8], quality: int, subsample: bool
) -> None:
    odd = np.ascontiguousarray(photo[:131, :157])  # no multiple of a block
    file = jpeg_bytes(odd, quality, subsample=subsample)
    by_vips = pyvips.Image.new_from_buffer(file, "").numpy()
    np.testing.assert_array_equal(by_vips, jpeg_round_trip(odd, quality, subsample=subsample))


@pytest.mark.parametrize(("subsample", "sampling"), [(True, 2), (False, 1)])
def test_subsample_means_420_in_the_file(
    photo: NDArray[np.uint8], subsample: bool, sampling: int
) -> None:
    with Image.open(BytesIO(jpeg_bytes(photo, 50, subsample=subsample))) as image:
        luma, *chroma = image.layer  # type: ignore[attr-defined]
    assert luma[1:3] == (sampling, sampling)
    assert all(component[1:3] == (1, 1) for component in chroma)


def test_lower_quality_is_further_from_the_photo(photo: NDArray[np.uint8]) -> None:
    errors = [
        float(np.square(jpeg_round_trip(photo, quality).astype(float) - photo).mean())
        for quality in (95, 60, 30, 10, 5)
    ]
    assert errors == sorted(errors)


def test_grey_stays_grey_through_jpeg(photo: NDArray[np.uint8]) -> None:
    grey = photo[..., 1:2].repeat(3, axis=2)
    decoded = jpeg_round_trip(grey, 10)
    assert np.ptp(decoded, axis=2).max() == 0
