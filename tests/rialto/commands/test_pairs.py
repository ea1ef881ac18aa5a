from pathlib import Path

import pytest

from rialto.choices import FormatName
from rialto.commands.pairs import pair_up


def folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"photo")
    return root


def outputs(source: Path, target: Path, wanted: FormatName | None = None) -> dict[str, str]:
    pairs = pair_up(source, target, wanted)
    return {
        str(pair.source.relative_to(source)): str(pair.output.relative_to(target)) for pair in pairs
    }


def test_a_folder_keeps_its_sub_folders_names_and_formats(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", "a.JPG", "1900/b.png", "1900/boat/c.tiff", "d.heic")
    folder(source, "notes.txt", ".trash/e.png", "._f.jpg")
    assert outputs(source, tmp_path / "out") == {
        "a.JPG": "a.JPG",
        "1900/b.png": "1900/b.png",
        "1900/boat/c.tiff": "1900/boat/c.tiff",
        "d.heic": "d.png",
    }


def test_a_format_changes_suffixes_and_photos_that_would_meet_keep_both(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", "a.jpg", "a.png", "A.tif", "b.jpg", "c.webp", "c.png")
    assert outputs(source, tmp_path / "out", "webp") == {
        "a.jpg": "a.jpg.webp",
        "a.png": "a.png.webp",
        "A.tif": "A.tif.webp",
        "b.jpg": "b.webp",
        "c.webp": "c.webp",
        "c.png": "c.png.webp",
    }


def test_names_that_cannot_be_kept_apart_are_refused(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", "a.jpg", "a.png", "a.png.webp")
    with pytest.raises(ValueError, match=r"a\.png\.webp"):
        pair_up(source, tmp_path / "out", "webp")


def test_results_within_the_folder_are_not_restored_again(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", "a.jpg", "out/a.jpg")
    assert outputs(source, source / "out") == {"a.jpg": "a.jpg"}


def test_the_suffix_of_out_is_the_format(tmp_path: Path) -> None:
    photo = folder(tmp_path, "a.jpg") / "a.jpg"
    assert pair_up(photo, tmp_path / "b.avif", None)[0].format == "avif"
    assert pair_up(photo, tmp_path / "b", "png")[0].format == "png"
    (tmp_path / "out").mkdir()
    (pair,) = pair_up(photo, tmp_path / "out", "tiff")
    assert pair.output == tmp_path / "out" / "a.tif"


@pytest.mark.parametrize(
    ("source", "target", "wanted", "reason"),
    [
        ("in", "in", None, "originals"),
        ("in/a.jpg", "in/a.jpg", None, "original"),
        ("in/a.jpg", "link.jpg", None, "original"),
        ("in/a.jpg", "in", None, "original"),
        ("in", "file", None, "must be one too"),
        ("empty", "out", None, "no photo"),
        ("in/a.jpg", "b.gif", None, "--format"),
        ("in/a.jpg", "b.jpg", "png", "--format is png"),
    ],
)
def test_an_out_that_does_not_fit_is_refused(
    tmp_path: Path, source: str, target: str, wanted: FormatName | None, reason: str
) -> None:
    folder(tmp_path, "in/a.jpg", "file")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "in/a.jpg")
    with pytest.raises(ValueError, match=reason):
        pair_up(tmp_path / source, tmp_path / target, wanted)
