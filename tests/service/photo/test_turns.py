import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from service.photo.turns import same_grid, turned, turned_back

GRID = np.arange(15, dtype=np.uint8).reshape(3, 5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_grid_is_turned_as_an_independent_reader_turns_it(orientation: int) -> None:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(GRID).save(file, "PNG", exif=exif)
    displayed = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    np.testing.assert_array_equal(turned(GRID, orientation), displayed)
    np.testing.assert_array_equal(turned_back(displayed, orientation), GRID)


def test_two_files_of_one_picture_agree_in_any_grid() -> None:
    for one in range(1, 9):
        for other in range(1, 9):
            np.testing.assert_array_equal(
                same_grid(turned_back(GRID, one), one, other), turned_back(GRID, other)
            )
