import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import resize_matrix, shrink


def test_shrink_is_pillows_bicubic_in_floating_point_borders_included(
    photo: NDArray[np.uint8],
) -> None:
    planes = to_signed(photo)
    for plane, ours in zip(planes, shrink(planes, 4), strict=True):
        theirs = Image.fromarray(plane).resize((48, 48), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0, atol=2e-6)


def test_shrink_is_pillows_bicubic_on_8_bits_to_a_grey_level(photo: NDArray[np.uint8]) -> None:
    theirs = Image.fromarray(photo).resize((48, 48), Image.Resampling.BICUBIC)
    ours = to_uint8(shrink(to_signed(photo), 4))
    # Pillow rounds and clamps between its two passes, so one level may be missing.
    assert np.abs(ours.astype(int) - np.asarray(theirs).astype(int)).max() <= 1


def test_enlarging_is_pillows_bicubic_borders_included(photo: NDArray[np.uint8]) -> None:
    plane = to_signed(photo)[0, :40, :56]
    ours = resize_matrix(40, 160) @ plane @ resize_matrix(56, 224).T
    theirs = Image.fromarray(plane).resize((224, 160), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("size", "new_size"), [(192, 48), (48, 192), (7, 28), (16, 4)])
def test_every_pixel_is_an_average_so_white_stays_white(size: int, new_size: int) -> None:
    np.testing.assert_allclose(resize_matrix(size, new_size).sum(axis=1), 1, atol=1e-6)


def test_shrink_refuses_a_side_that_is_no_multiple() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        shrink(np.zeros((3, 10, 8), np.float32), 4)
