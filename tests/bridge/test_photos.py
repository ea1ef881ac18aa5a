from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bridge.photos import (
    CROP,
    FLAT,
    busy,
    centre_crop,
    crop_store,
    grid_crops,
    photo_files,
    random_patch,
    read_photo,
)

UInt8 = NDArray[np.uint8]


def texture(height: int, width: int, seed: int = 0) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(folder: Path, name: str, photo: UInt8) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(file)
    return file


def test_photographs_are_found_below_a_folder_in_one_order(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "a/1.jpg", "c.webp"):
        save(tmp_path, name, texture(8, 8))
    (tmp_path / "notes.txt").write_text("no photo")
    names = [file.relative_to(tmp_path).as_posix() for file in photo_files(tmp_path)]
    assert names == ["a/1.jpg", "b/2.PNG", "c.webp"]


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no photographs"):
        photo_files(tmp_path)


def test_a_grey_or_palette_photograph_is_read_as_three_channels(tmp_path: Path) -> None:
    grey = texture(8, 9)[..., 0]
    for mode in ("L", "P"):
        Image.fromarray(grey).convert(mode).save(tmp_path / "photo.png")
        np.testing.assert_array_equal(
            read_photo(tmp_path / "photo.png"), grey[..., None].repeat(3, 2)
        )


def test_crops_tile_the_middle_of_the_photo_without_overlap() -> None:
    photo = texture(2 * CROP + 50, CROP + 7)
    crops = list(grid_crops(photo))
    np.testing.assert_array_equal(
        np.concatenate(crops, axis=0), photo[25 : 25 + 2 * CROP, 3 : 3 + CROP]
    )


def test_flat_crops_are_left_out() -> None:
    photo = np.full((CROP, 2 * CROP, 3), 90, np.uint8)
    photo[:, CROP:] = texture(CROP, CROP)
    assert busy(photo[:, :CROP]) < FLAT <= busy(photo[:, CROP:])
    (kept,) = grid_crops(photo)
    np.testing.assert_array_equal(kept, photo[:, CROP:])


def test_the_crop_store_is_made_once_and_memory_mapped(tmp_path: Path) -> None:
    file = save(tmp_path, "photo.png", texture(CROP, 2 * CROP))
    store = tmp_path / "run" / "crops.npy"
    made = np.array(crop_store([file], store))
    file.unlink()  # what was made is not made again
    again = crop_store([file], store)
    assert isinstance(again, np.memmap)
    assert not again.flags.writeable
    assert again.shape == (2, CROP, CROP, 3)
    np.testing.assert_array_equal(again, made)
    assert [path.name for path in store.parent.iterdir()] == ["crops.npy"]


def test_centre_crop_is_the_middle_and_a_smaller_photo_is_refused() -> None:
    photo = texture(21, 30)
    np.testing.assert_array_equal(centre_crop(photo, 11), photo[5:16, 9:20])
    with pytest.raises(ValueError, match="smaller than 22"):
        centre_crop(photo, 22)


def test_a_patch_is_a_function_of_the_generator() -> None:
    crops = np.stack([texture(CROP, CROP, seed) for seed in range(4)])
    first, again, other = (random_patch(crops, 64, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_patches_come_in_all_eight_orientations_and_some_are_grey() -> None:
    crop = texture(32, 32)
    turned = [np.rot90(flipped, k) for flipped in (crop, crop[::-1]) for k in range(4)]
    rng = np.random.default_rng(0)
    seen, grey = set(), 0
    for _ in range(300):
        patch = random_patch(crop[None], 32, rng)
        if np.ptp(patch, axis=2).max() == 0:
            grey += 1
        else:
            seen.add(next(i for i, t in enumerate(turned) if np.array_equal(t, patch)))
    assert seen == set(range(8))
    assert 3 <= grey <= 40


def test_busy_crops_are_drawn_more_often_than_calm_ones() -> None:
    calm, wild = texture(64, 64) // 16, texture(64, 64)
    rng = np.random.default_rng(0)
    patches = [random_patch(np.stack([calm, wild]), 32, rng) for _ in range(400)]
    share = np.mean([busy(patch) > 40 for patch in patches])
    # Half the draws are even, the other half miss the wild one only twice in a row: 5 in 8.
    assert share == pytest.approx(0.625, abs=0.08)
