"""One synthetic photograph for all operators: natural spectrum, hard edges, colour."""

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """uint8 [192,192,3]: 1/f texture, two chroma fields a quarter as strong, and a bar."""
    rng = np.random.default_rng(20230212)
    size = 192
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    slope = 1 / np.maximum(np.hypot(fy, fx), 1 / size) ** 1.4
    fields = np.fft.ifft2(np.fft.fft2(rng.standard_normal((3, size, size))) * slope).real
    fields /= fields.std(axis=(1, 2), keepdims=True)
    mix = np.array([[45, 10, 4], [45, -6, 4], [45, 0, -12]])
    rgb = np.tensordot(mix, fields, axes=1) + 118
    rgb[:, 40:90, 100:112] = np.array([200, 40, 30])[:, None, None]
    return np.asarray(np.moveaxis(np.rint(rgb.clip(0, 255)), 0, -1), dtype=np.uint8)
