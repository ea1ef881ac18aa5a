import numpy as np

from bridge.degrade.pixels import to_signed, to_uint8


def test_every_8_bit_level_survives_the_way_to_signed_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    signed = to_signed(levels)
    assert signed.shape == (3, 16, 16)
    assert (signed.min(), signed.max()) == (-1, 1)
    np.testing.assert_array_equal(to_uint8(signed), levels)


def test_what_leaves_the_range_is_clamped_not_wrapped() -> None:
    planes = np.array([-3.0, -1.001, 1.001, 3.0], np.float32).reshape(1, 2, 2)
    np.testing.assert_array_equal(to_uint8(planes).ravel(), [0, 0, 255, 255])
