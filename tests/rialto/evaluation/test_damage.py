from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import shrink
from rialto.evaluation.damage import damage_of, decode, read_pairs

UInt8 = NDArray[np.uint8]


def photo(height: int = 67, width: int = 90) -> UInt8:
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * y) // 7 % 256, (3 * x + 2 * y) % 256, (x**2 + y**2) // 20 % 256]
    return np.stack(planes, axis=-1).astype(np.uint8)


def test_sr4x_is_the_same_damage_that_networks_are_trained_on_to_one_grey_level() -> None:
    pair = damage_of("sr4x").pair("a", photo())
    assert pair.original.shape == (64, 88, 3)
    trained_on = to_uint8(shrink(to_signed(pair.original), 4))
    assert np.abs(trained_on.astype(int) - pair.damaged).max() <= 1


def test_jpeg_is_a_real_file_of_the_quality_and_subsampling_named() -> None:
    damage = damage_of("jpeg", "q10")
    pair = damage.pair("a", photo())
    file = damage.file(pair.original)
    with Image.open(BytesIO(file)) as image:
        assert image.format == "JPEG"
        assert image.quantization[0][0] == 80  # 16 of Annex K, five times: quality 10
        assert image.layer[0][1:3] == (2, 2)  # type: ignore[attr-defined]  # luma sampled twice
    np.testing.assert_array_equal(decode(file), pair.damaged)


@pytest.mark.parametrize("task", ["sr4x", "jpeg"])
def test_the_baseline_has_the_shape_of_the_original(task: str) -> None:
    damage = damage_of(task)
    pair = damage.pair("a", photo())
    assert damage.show(pair.damaged).shape == pair.original.shape


@pytest.mark.parametrize(
    ("task", "strength"), [("jpeg", "q0"), ("jpeg", "q101"), ("jpeg", "10"), ("sr4x", "q10")]
)
def test_a_damage_that_has_no_protocol_is_refused(task: str, strength: str) -> None:
    with pytest.raises(ValueError, match="no protocol"):
        damage_of(task, strength)


def test_photos_are_named_by_their_path_and_cropped_at_the_centre(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    Image.fromarray(photo()).save(tmp_path / "b" / "1.png")
    Image.fromarray(photo(80, 80)).save(tmp_path / "a.png")
    damage = damage_of("jpeg")
    pairs = read_pairs(damage, tmp_path, crop=32)
    assert [pair.name for pair in pairs] == ["a.png", "b/1.png"]
    np.testing.assert_array_equal(pairs[0].original, photo(80, 80)[24:56, 24:56])
    assert len(read_pairs(damage, tmp_path, crop=0, count=1)) == 1
