"""One started codec for all tests of the photo room, and photos made by Pillow."""

import asyncio
import os
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.photo.provenance import Provenance

Written = Callable[..., bytes]


@pytest.fixture(scope="session")
def codec() -> Iterator[Codec]:
    codec = Codec(CodecLimits(max_input_megapixels=100, decode_timeout_s=20))
    asyncio.run(codec.start())
    yield codec
    asyncio.run(codec.close())


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    return Provenance(
        software="Rialto 0.1.0",
        task="sr4x",
        network="sr4x@0123456789ab",
        plan="dbim;steps=1;grid=quadratic;eta=1",
        seed=7,
    )


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    """RGB, 1001×667, smooth enough for lossy formats, with no symmetry."""
    y, x = np.mgrid[0:667, 0:1001]
    waves = [x / 1001, y / 667, 0.5 + 0.5 * np.sin(x / 37) * np.cos(y / 23)]
    return Image.fromarray((np.stack(waves, axis=-1) * 255).astype(np.uint8))


@pytest.fixture(scope="session")
def written() -> Written:
    """A Pillow image as the bytes of a file."""

    def write(image: Image.Image, form: str, **options: Any) -> bytes:
        file = BytesIO()
        image.save(file, form, **options)
        return file.getvalue()

    return write


@pytest.fixture
def shared_pages() -> Callable[[], int]:
    """How many pages this process shares with its children now."""

    def count() -> int:
        found = 0
        for number in os.listdir("/proc/self/fd"):
            try:
                found += "rialto-photo" in os.readlink(f"/proc/self/fd/{number}")
            except FileNotFoundError:  # the listing's own descriptor
                continue
        return found

    return count
