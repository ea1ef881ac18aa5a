"""Holes filled for programs that speak OpenAI's image API."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from export.model_repo import write_network
from tests.bridge.cards import card
from tests.conftest import LiveService, start_service
from tests.journeys.hands import TINY, client_of, pixels_of, png_of
from tests.service.engine.tiny import tiny_network

EDITS = "/v1/images/edits"
PHOTO = Image.open(io.BytesIO(TINY)).convert("RGB")
HOLE = (30, 20, 60, 40)  # left, top, right, bottom


@pytest.fixture(scope="module")
def service(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One network that fills holes, and costs nothing."""
    folder = tmp_path_factory.mktemp("networks") / "repo"
    of = card(name="fill", task="inpaint", hole_fill="smooth", projection="known-pixels")
    write_network(tiny_network(of), of, folder)
    started = start_service(cache, model_repo=str(folder))
    yield started
    started.stop()


def with_hole(image: Image.Image) -> bytes:
    """The image as a PNG that is transparent in the hole."""
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, HOLE)
    cut = image.copy()
    cut.putalpha(alpha)
    return png_of(cut)


def pictures_of(answer: httpx2.Response) -> list[np.ndarray]:
    assert answer.status_code == 200, answer.text
    files = [base64.b64decode(picture["b64_json"]) for picture in answer.json()["data"]]
    return [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files]


def outside() -> np.ndarray:
    left, top, right, bottom = HOLE
    known = np.ones(PHOTO.size[::-1], bool)
    known[top:bottom, left:right] = False
    return known


async def test_what_is_transparent_in_the_mask_is_filled_and_nothing_else(
    service: LiveService,
) -> None:
    mask = with_hole(Image.new("RGB", PHOTO.size))
    white = Image.new("L", PHOTO.size)
    white.paste(255, HOLE)
    async with client_of(service) as client:
        form = {"image": TINY, "mask": mask}
        answer = await client.post(EDITS, files=form, data={"prompt": "a cat", "seed": "5"})
        own = await client.post(
            "/restore?task=inpaint&seed=5", files={"image": TINY, "mask": png_of(white)}
        )
    (picture,) = pictures_of(answer)
    known, photo = outside(), np.asarray(PHOTO)
    np.testing.assert_array_equal(picture[known], photo[known])
    assert (picture[~known] != photo[~known]).mean() > 0.5
    np.testing.assert_array_equal(picture, pixels_of(own))
    assert answer.json()["created"] > 1_700_000_000
    assert "prompt was not followed" in answer.json()["notes"][-1]


async def test_without_a_mask_the_photos_own_holes_are_filled_and_seen(
    service: LiveService,
) -> None:
    async with client_of(service) as client:
        answer = await client.post(
            EDITS, files={"image": with_hole(PHOTO)}, data={"n": "2", "seed": "7"}
        )
    first, second = pictures_of(answer)
    assert [picture["seed"] for picture in answer.json()["data"]] == [7, 8]
    assert answer.json()["notes"] == []
    known, photo = outside(), np.asarray(PHOTO)
    for picture in (first, second):
        np.testing.assert_array_equal(picture[known], photo[known])
    file = base64.b64decode(answer.json()["data"][0]["b64_json"])
    alpha = np.asarray(Image.open(io.BytesIO(file)).convert("RGBA"))[..., 3]
    assert alpha.min() == 255


@pytest.mark.parametrize(
    "wish",
    [{"n": "5"}, {"n": "0"}, {"response_format": "url"}, {"preset": "slow"}, {"seed": "-1"}],
)
async def test_wishes_that_cannot_be_are_refused(
    service: LiveService, wish: dict[str, str]
) -> None:
    async with client_of(service) as client:
        answer = await client.post(EDITS, files={"image": TINY}, data=wish)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-parameter")
    assert next(iter(wish)) in answer.json()["detail"]
