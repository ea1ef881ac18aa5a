"""A photo of 100 megapixels comes in and goes out within 1.2 GiB above the idle codec."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import pyvips

from service.photo.pages import canvas
from service.photo.savers import Packing


def family(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        with suppress(OSError, ValueError):
            parent = Path(f"/proc/{int(entry)}/stat").read_text().rsplit(")", 1)[1].split()[1]
            children.setdefault(int(parent), []).append(int(entry))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def private_bytes(process: int) -> int:
    """Memory of a process, its share of what is shared, without shared pages."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    return sizes["Pss"] - sizes["Pss_Shmem"]


def page_bytes(process: int) -> dict[int, int]:
    """Bytes of all shared pages that a process holds open or mapped, by inode."""
    found = {}
    for number in os.listdir(f"/proc/{process}/fd"):
        with suppress(OSError):
            status = os.stat(f"/proc/{process}/fd/{number}")
            if "rialto-photo" in os.readlink(f"/proc/{process}/fd/{number}"):
                found[status.st_ino] = status.st_blocks * 512
    return found


def all_bytes() -> int:
    total, pages = 0, {}
    for process in family(os.getpid()):
        with suppress(OSError):
            total += private_bytes(process)
            pages |= page_bytes(process)
    return total + sum(pages.values())


@contextmanager
def peak_above_idle() -> Iterator[list[int]]:
    """A list whose one value becomes the highest use seen, less that at the start."""
    idle, highest, done = all_bytes(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            highest[0] = max(highest[0], all_bytes() - idle)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield highest
    done.set()
    watcher.join()


@pytest.fixture
def huge(picture) -> bytes:
    """100 megapixels, as a baseline JPEG, assembled without holding them."""
    tile = pyvips.Image.new_from_array(np.asarray(picture)).copy(interpretation="srgb")
    wide = tile.replicate(10, 15).crop(0, 0, 10_000, 10_000)
    return wide.jpegsave_buffer(Q=90)


async def test_a_hundred_megapixels_pass_within_their_memory(codec, provenance, huge) -> None:
    before = all_bytes()
    with peak_above_idle() as highest:
        photo = await codec.decode(huge)
        assert photo.pixels.shape == (10_000, 10_000, 3)
        drawn = canvas(photo.pixels.shape, np.uint8)
        drawn[...] = photo.pixels
        encoded = await codec.encode(photo.with_pixels(drawn), Packing("jpeg", provenance))
    assert encoded.width == 10_000
    # The old and the new pixels, 600 MB, were there at once for certain.
    assert 550 * 2**20 < highest[0] < 1.2 * 2**30
    del photo, drawn, encoded
    assert all_bytes() - before < 100 * 2**20
