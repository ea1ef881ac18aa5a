"""What the composition root decides for the whole process."""

from threadpoolctl import threadpool_info

from service.app import open_restorer
from service.settings import Settings
from service.telemetry import Telemetry


async def test_the_arithmetic_of_steps_takes_no_cores_from_the_engine() -> None:
    before = _blas_threads()
    async with open_restorer(Settings(), Telemetry()):
        assert _blas_threads() == {1}
    assert _blas_threads() == before


def _blas_threads() -> set[int]:
    found = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    assert found  # NumPy brings one
    return found
