"""Runtimes as far as this machine has them."""

import pytest

from service.engine.runtimes import Runtime, RuntimeName, RuntimeUnfit
from service.engine.runtimes.opening import open_runtime


def runtime_here(name: RuntimeName) -> Runtime:
    """Over one thread; skips the test where the processor lacks its number format."""
    try:
        return open_runtime(name, 1)
    except RuntimeUnfit as error:
        pytest.skip(str(error))
