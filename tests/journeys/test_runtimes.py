"""Photos restored by another runtime: near the reference's, the same each time, and named."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from tests.conftest import LiveService, start_service
from tests.journeys.archive_hands import ended, opened, photos, put
from tests.journeys.hands import JPEG, PATIENCE, SMALL, TINY, pixels_of
from tests.service.engine.runtimes import runtime_here

NEAR = 255**2 / 10**5  # mean squared error at 50 dB


@pytest.fixture(scope="module", params=["openvino", "openvino-bf16"])
def other(request: pytest.FixtureRequest, cache: Path) -> Iterator[tuple[str, httpx2.Client]]:
    """A runtime's name, and a service that computes by it."""
    runtime_here(request.param)
    service = start_service(cache, runtime=request.param, max_batch="2")
    with httpx2.Client(base_url=service.url, timeout=PATIENCE) as client:
        yield request.param, client
    service.stop()


@pytest.mark.parametrize(
    ("query", "photo"),
    [("task=jpeg&steps=3&seed=11", JPEG), ("task=sr4x&preset=best", TINY), ("task=sr4x", SMALL)],
)
def test_a_photo_is_the_reference_s_or_near_the_same_each_time_and_says_by_what(
    other: tuple[str, httpx2.Client], live_service: LiveService, query: str, photo: bytes
) -> None:
    name, client = other
    path = f"/restore?{query}&format=tiff"  # lossless, and its XMP is plain
    first, again = (client.post(path, content=photo) for _ in range(2))
    with httpx2.Client(base_url=live_service.url, timeout=PATIENCE) as reference:
        theirs = reference.post(path, content=photo)
    assert first.content == again.content
    ours, wanted = (pixels_of(answer).astype(float) for answer in (first, theirs))
    assert np.mean((ours - wanted) ** 2) <= NEAR
    network = f"{theirs.headers['x-rialto-network']}+{name}"
    assert first.headers["x-rialto-network"] == network
    assert first.headers["x-rialto-plan"] == theirs.headers["x-rialto-plan"]
    assert network.encode() in first.content  # the photo's own provenance
    assert b"openvino" not in theirs.content


def test_even_equal_pixels_never_pass_for_the_reference_s_bytes(
    other: tuple[str, httpx2.Client], live_service: LiveService
) -> None:
    """Stripped of all but provenance; where pixels are equal, the file and its tag are not."""
    _, client = other
    path = "/restore?task=jpeg&metadata=strip"
    with httpx2.Client(base_url=live_service.url, timeout=PATIENCE) as reference:
        theirs, ours = (one.post(path, content=TINY).content for one in (reference, client))
    assert ours != theirs


def test_an_archive_s_records_and_its_bag_name_the_runtime(
    other: tuple[str, httpx2.Client],
) -> None:
    name, client = other
    job = opened(client)
    put(client, job, "scan.jpg", JPEG)
    client.post(f"/jobs/{job}/close")
    ended(client, job)
    (output,) = photos(client, job)["scan.jpg"]["outputs"]
    assert output["network"].endswith(f"+{name}")
    result = client.get(f"/jobs/{job}/results/{output['name']}")
    assert result.headers["x-rialto-network"] == output["network"]
    assert result.headers["etag"] == f'"{output["sha256"]}"'
    assert (
        f'"network":"{output["network"]}"'.encode()
        in client.get(f"/jobs/{job}/bag?format=tar").content
    )


def test_the_tasks_tell_what_computes_here(
    other: tuple[str, httpx2.Client], live_service: LiveService
) -> None:
    name, client = other
    assert client.get("/tasks").json()["runtime"] == name
    assert httpx2.get(f"{live_service.url}/tasks").json()["runtime"] == "onnxruntime"
