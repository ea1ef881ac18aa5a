from pathlib import Path

import pytest

from rialto import Restoration


def test_a_photo_is_saved_but_never_over_a_file_unless_told(tmp_path: Path) -> None:
    photo = Restoration(b"restored", "image/png", 0, "sr4x@0", "dbim;steps=1", {}, "id")
    original = tmp_path / "original.png"
    original.write_bytes(b"damaged")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        photo.save(original)
    assert original.read_bytes() == b"damaged"
    assert photo.save(original, overwrite=True).read_bytes() == b"restored"
    assert photo.save(str(tmp_path / "new.png")).read_bytes() == b"restored"
