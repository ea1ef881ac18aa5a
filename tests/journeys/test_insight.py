"""What may be asked of a result: does it still say what the photo said, and what did it add?"""

import io

import httpx2
import numpy as np
from PIL import Image

from tests.conftest import LiveService
from tests.journeys.hands import TINY, Event, client_of, listening, told


async def ended(client: httpx2.AsyncClient, path: str, photo: bytes = TINY) -> Event:
    """The last event of a restoration that was listened to."""
    async with listening(client, path, photo) as stream:
        async for event in stream:
            last = event
    return last


async def test_one_step_invents_nothing_and_more_steps_are_shown_where_they_did(
    live_service: LiveService,
) -> None:
    seen = {}
    async with client_of(live_service) as client:
        for steps in (1, 4):
            done = await ended(client, f"/restore?task=sr4x&steps={steps}&eta=0")
            href = told(done)["href"]
            numbers = await client.get(f"{href}/consistency")
            map_ = await client.get(f"{href}/invention")
            assert numbers.status_code == map_.status_code == 200
            assert map_.headers["content-type"] == "image/webp"
            with Image.open(io.BytesIO(map_.content)) as image:
                assert image.size == (384, 256)
                alpha = np.asarray(image.convert("RGBA"))[..., 3]
            seen[steps] = numbers.json(), alpha
    (first, clear), (later, coloured) = seen[1], seen[4]
    assert first["invented"] == first["strongly_invented"] == 0
    assert not clear.any()
    assert 0.1 < later["invented"] < 64
    assert coloured.mean() > 5


async def test_a_result_that_does_not_exist_or_was_not_made_has_no_insight(
    live_service: LiveService,
) -> None:
    async with client_of(live_service) as client:
        for door in ("consistency", "invention"):
            nothing = await client.get(f"/restorations/none/{door}")
            assert nothing.status_code == 404
            assert nothing.json()["type"] == "/problems/no-such-restoration"
