"""What a caller of the live service does, and how a test looks at what came back."""

import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import numpy as np
from PIL import Image

from tests.conftest import EXAMPLES, LiveService


def png_of(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


SMALL = (EXAMPLES / "parrots-small.png").read_bytes()
JPEG = (EXAMPLES / "market-q10.jpg").read_bytes()
TINY = png_of(Image.open(io.BytesIO(SMALL)).crop((40, 20, 136, 84)))  # one tile, 96x64
PATIENCE = 300.0  # seconds; a machine that trains beside the tests is slow
LISTEN = {"Accept": "text/event-stream"}

Event = httpx2.ServerSentEvent


def client_of(service: LiveService) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=service.url, timeout=PATIENCE)


def pixels_of(answer: httpx2.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def digest(answer: httpx2.Response) -> str:
    return hashlib.sha256(pixels_of(answer).tobytes()).hexdigest()


async def metric(client: httpx2.AsyncClient, name: str, **labels: str) -> float:
    """The sum of one metric over its labels, those given being as given."""
    told = [f'{label}="{value}"' for label, value in labels.items()]
    lines = (await client.get("/metrics")).text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith((f"{name}{{", f"{name} ")) and all(part in line for part in told)
    )


@asynccontextmanager
async def listening(
    client: httpx2.AsyncClient, path: str, photo: bytes = TINY
) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a restoration; leaving the block early drops the connection."""
    async with client.stream("POST", path, content=photo, headers=LISTEN) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield aiter(httpx2.EventSource(answer))


async def resumed(client: httpx2.AsyncClient, key: str, after: str | None = None) -> list[Event]:
    """All further events of a restoration, from where a connection broke off."""
    headers = LISTEN if after is None else {**LISTEN, "Last-Event-ID": after}
    async with client.stream("GET", f"/restorations/{key}/events", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        return [event async for event in httpx2.EventSource(answer)]


def told(event: Event) -> dict[str, Any]:
    """An event's data."""
    data: dict[str, Any] = json.loads(event.data)
    return data


def previews_of(events: list[Event], kind: str = "x_0") -> list[np.ndarray]:
    """The pictures among the events, float [h,w,3]."""
    shown = [told(event) for event in events if event.event == "preview"]
    return [picture_of(preview["image"]) for preview in shown if preview["kind"] == kind]


def picture_of(url: str) -> np.ndarray:
    head, data = url.split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), float)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one - other) ** 2)))
