import errno
from pathlib import Path

import pytest

from rialto.writing import write_whole


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_whole(b"photo", tmp_path / "taken", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_file_that_exists_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")  # as FAT answers

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    file = tmp_path / "photo.png"
    write_whole(b"first", file, overwrite=False)
    with pytest.raises(FileExistsError):
        write_whole(b"second", file, overwrite=False)
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_a_saved_photo_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write_whole(b"photo", tmp_path / "photo", overwrite=False)
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "photo").stat().st_mode == (tmp_path / "plain").stat().st_mode
