from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bridge.degrade.blur import convolve
from bridge.degrade.pixels import to_signed, to_uint8
from bridge.degrade.resize import shrink
from rialto.evaluation.damage import PROTOCOLS, damage_of, decode, keep_damaged, read_pairs

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
    with Image.open(BytesIO(pair.file)) as image:
        assert image.format == "JPEG"
        assert image.quantization[0][0] == 80  # 16 of Annex K, five times: quality 10
        assert image.layer[0][1:3] == (2, 2)  # type: ignore[attr-defined]  # luma sampled twice
    np.testing.assert_array_equal(decode(pair.file), pair.damaged)


@pytest.mark.parametrize("task", PROTOCOLS)
def test_the_same_photo_of_a_set_is_damaged_the_same_way_each_time(task: str) -> None:
    damage = damage_of(task)
    first, again, other = (damage.pair("a", photo(), number) for number in (3, 3, 4))
    assert first.file == again.file
    assert first.damaged.tobytes() == decode(first.file).tobytes()
    drawn = task not in ("sr4x", "jpeg")  # these two leave nothing to chance
    assert (first.file != other.file) == drawn


@pytest.mark.parametrize("task", PROTOCOLS)
def test_the_baseline_has_the_shape_of_the_original(task: str) -> None:
    damage = damage_of(task)
    pair = damage.pair("a", photo())
    assert damage.show(pair.damaged).shape == pair.original.shape


@pytest.mark.parametrize(
    ("task", "strength"),
    [
        ("jpeg", "q0"),
        ("jpeg", "q101"),
        ("jpeg", "10"),
        ("sr4x", "q10"),
        ("deblur", "sigma9"),
        ("inpaint", "boxes32"),
        ("inpaint", "freeform60"),
        ("colour", None),
    ],
)
def test_a_damage_that_has_no_protocol_is_refused(task: str, strength: str | None) -> None:
    with pytest.raises(ValueError, match="no protocol"):
        damage_of(task, strength)


@pytest.mark.parametrize(
    ("strength", "least", "most"),
    [("scratches10", 0.095, 0.1), ("boxes64", 0.06, 0.11), ("freeform30", 0.01, 0.3)],
)
def test_a_hole_is_empty_where_the_mask_says_so_and_nowhere_else(
    strength: str, least: float, most: float
) -> None:
    clean = photo(256, 300)
    pair = damage_of("inpaint", strength).pair("a", clean, number=5)
    assert pair.holes is not None
    assert least <= pair.holes.mean() <= most
    assert (pair.damaged[pair.holes] == 128).all()
    np.testing.assert_array_equal(pair.damaged[~pair.holes], pair.original[~pair.holes])


def test_deblurring_is_asked_of_the_kernel_and_the_noise_that_its_peers_are_told() -> None:
    damage = damage_of("deblur", "sigma1.5")
    grey = np.full((200, 200, 3), 128, np.uint8)
    noise = damage.pair("a", grey).damaged.astype(float) - 128
    assert damage.sigma == pytest.approx(2.55)
    assert noise.std() == pytest.approx(2.55, rel=0.03)
    edge = np.full((64, 64, 3), 60, np.uint8)
    edge[:, 32:] = 200
    assert damage.kernel is not None
    seen = damage.pair("a", edge).damaged.mean(axis=(0, 2))
    np.testing.assert_allclose(seen, convolve(edge[None, 0, :, 0] * 1.0, damage.kernel)[0], atol=1)


def test_damaged_files_are_kept_by_their_photos_names_with_masks_beside_them(
    tmp_path: Path,
) -> None:
    holed = damage_of("inpaint").pair("b/1.tif", photo())
    compressed = damage_of("jpeg").pair("a.png", photo())
    keep_damaged(tmp_path, [holed, compressed])
    kept = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.*")}
    assert kept == {"a.jpg", "b/1.png", "b/1.holes.png"}
    assert (tmp_path / "a.jpg").read_bytes() == compressed.file
    with Image.open(tmp_path / "b" / "1.holes.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask) > 0, holed.holes)


def test_photos_are_named_by_their_path_and_cropped_at_the_centre(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    Image.fromarray(photo()).save(tmp_path / "b" / "1.png")
    Image.fromarray(photo(80, 80)).save(tmp_path / "a.png")
    damage = damage_of("jpeg")
    pairs = read_pairs(damage, tmp_path, crop=32)
    assert [pair.name for pair in pairs] == ["a.png", "b/1.png"]
    np.testing.assert_array_equal(pairs[0].original, photo(80, 80)[24:56, 24:56])
    assert len(read_pairs(damage, tmp_path, crop=0, count=1)) == 1
