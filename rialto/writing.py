"""Bytes become a file, whole or not at all."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(content: bytes, path: Path, *, overwrite: bool) -> None:
    """Write beside `path` and rename, so that no reader ever meets half a file.

    Raises FileExistsError where `path` exists and may not be overwritten, else OSError as
    the disk has it; then nothing is left behind.
    """
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            part.replace(path)
        else:
            _claim(part, path)
    finally:
        part.unlink(missing_ok=True)


def _claim(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        raise FileExistsError(f"{path} exists; overwrite=True replaces it") from None
    except OSError:  # FAT and some network shares have no hard links
        if path.exists():
            raise FileExistsError(f"{path} exists; overwrite=True replaces it") from None
        part.replace(path)
