import numpy as np
import pytest
import torch
from torch.nn import functional

from bridge.degrade.pool import mean_pool, pool_and_repeat


def test_pool_and_repeat_is_average_pooling_then_nearest_to_the_last_bit() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 32, 48)).astype(np.float32)
    pooled = functional.avg_pool2d(torch.from_numpy(image)[None], 4)
    expected = functional.interpolate(pooled, scale_factor=4, mode="nearest")[0].numpy()
    np.testing.assert_array_equal(pool_and_repeat(image), expected)


def test_pooling_again_changes_nothing() -> None:
    image = np.random.default_rng(1).uniform(-1, 1, (3, 16, 16)).astype(np.float32)
    once = pool_and_repeat(image)
    np.testing.assert_allclose(pool_and_repeat(once), once, rtol=0, atol=1e-7)


def test_pool_refuses_a_side_that_is_no_multiple() -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        mean_pool(np.zeros((3, 8, 9), np.float32), 4)
