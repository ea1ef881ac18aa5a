"""A real server on a loopback port that answers as it is told, and records what it was asked."""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import uvicorn

from rialto import AsyncClient, Client

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Act = Callable[[Send, Receive], Awaitable[None]]

PHOTO_HEADERS = {
    "content-type": "image/png",
    "x-rialto-seed": "7",
    "x-rialto-network": "sr4x@0123456789ab",
    "x-rialto-plan": "dbim;steps=1;grid=quadratic;eta=1",
    "server-timing": "wait;dur=0.5, decode;dur=2, infer;dur=80.25, pack;dur=3",
    "x-request-id": "from-the-service",
}
DONE = {
    "id": "abc",
    "href": "/restorations/abc",
    "content_type": "image/png",
    "seed": 7,
    "network": "sr4x@0123456789ab",
    "plan": "dbim;steps=2;grid=quadratic;eta=1",
    "timing": {"wait": 0.5, "infer": 160.0},
    "filename": "photo.png",
}


@dataclass(frozen=True)
class Asked:
    """One request as the server received it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, bytes]:
        """The parts of a multipart body by name."""
        kind = Message()
        kind["content-type"] = self.headers["content-type"]
        boundary = b"--" + str(kind.get_param("boundary")).encode()
        parts = [part.strip(b"\r\n") for part in self.body.split(boundary)[1:-1]]
        heads = [part.partition(b"\r\n\r\n") for part in parts]
        return {head.split(b'name="')[1].split(b'"')[0].decode(): body for head, _, body in heads}


@dataclass
class Scripted:
    """The server: `url`, the acts it will play in order, the requests it has had.

    `standing` answers paths that a script does not mention, whenever they are asked for.
    """

    url: str
    acts: deque[Act] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    standing: dict[str, Act] = field(default_factory=dict)

    def play(self, *acts: Act) -> None:
        self.acts.extend(acts)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        self.asked.append(Asked(scope["method"], scope["path"], query, headers, body))
        act = self.standing.get(scope["path"]) or self.acts.popleft()
        await act(send, receive)


class Acts:
    """What the server can be told to do."""

    @staticmethod
    def answer(status: int, body: bytes = b"", **headers: str) -> Act:
        told = {name.replace("_", "-"): value for name, value in headers.items()}

        async def act(send: Send, _: Receive) -> None:
            await _start(send, status, told)
            await send({"type": "http.response.body", "body": body})

        return act

    @classmethod
    def photo(cls, body: bytes) -> Act:
        return cls.answer(200, body, **PHOTO_HEADERS)

    @classmethod
    def document(cls, told: object, status: int = 200, **headers: str) -> Act:
        kind = "application/json" if status < 400 else "application/problem+json"
        return cls.answer(status, json.dumps(told).encode(), content_type=kind, **headers)

    @classmethod
    def problem(cls, status: int, slug: str, detail: str, **headers: str) -> Act:
        told = {
            "type": f"/problems/{slug}",
            "title": slug.replace("-", " "),
            "status": status,
            "detail": detail,
            "instance": "/restore",
            "request_id": "from-the-service",
        }
        return cls.document(told, status, **headers)

    @staticmethod
    def broken() -> Act:
        """Promises 100 bytes, sends 4, and closes the connection."""

        async def act(send: Send, _: Receive) -> None:
            await _start(send, 200, {**PHOTO_HEADERS, "content-length": "100"})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ConnectionAbortedError("as told")

        return act

    @staticmethod
    def events(*events: tuple[Any, ...], gone: threading.Event | None = None) -> Act:
        """Server-sent events: name, data, perhaps an id.

        With `gone`, the stream stays open until the client leaves.
        """

        async def act(send: Send, receive: Receive) -> None:
            kind = "text/event-stream; charset=utf-8"
            await _start(send, 200, {"content-type": kind, "x-request-id": "from-the-service"})
            for name, told, *key in events:
                head = f"id: {key[0]}\n" if key else ""
                text = f": still here\n\n{head}event: {name}\ndata: {json.dumps(told)}\n\n"
                part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
                await send(part)
            if gone is not None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                gone.set()
            await send({"type": "http.response.body", "body": b""})

        return act

    @staticmethod
    def silence(until: threading.Event, begun: threading.Event | None = None) -> Act:
        async def act(send: Send, _: Receive) -> None:
            if begun is not None:
                begun.set()
            await asyncio.to_thread(until.wait)
            await _start(send, 500, {})
            await send({"type": "http.response.body", "body": b""})

        return act


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[Scripted]:
    listening = socket.create_server(("127.0.0.1", 0))
    scripted = Scripted(f"http://127.0.0.1:{listening.getsockname()[1]}")
    config = uvicorn.Config(scripted, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield scripted
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def service(scripted_server: Scripted) -> Iterator[Scripted]:
    yield scripted_server
    left = len(scripted_server.acts)
    scripted_server.acts.clear()
    scripted_server.asked.clear()
    scripted_server.standing.clear()
    assert left == 0, f"{left} scripted answers were never asked for"


@pytest.fixture
def acts() -> type[Acts]:
    return Acts


@pytest.fixture
def done() -> dict[str, object]:
    return dict(DONE)


@pytest.fixture
def no_service() -> str:
    """The address of a port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(params=["Client", "AsyncClient"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls one method of either client: `ask(url, "restore", b"…", task="sr4x")`."""

    def ask_sync(url: str, method: str, *args: Any, **keywords: Any) -> Any:
        with Client(url, **keywords.pop("client", {})) as client:
            return getattr(client, method)(*args, **keywords)

    def ask_async(url: str, method: str, *args: Any, **keywords: Any) -> Any:
        async def run() -> Any:
            async with AsyncClient(url, **keywords.pop("client", {})) as client:
                return await getattr(client, method)(*args, **keywords)

        return asyncio.run(run())

    return ask_sync if request.param == "Client" else ask_async


@pytest.fixture
def dandelion() -> Path:
    """A small real photograph: "seeding" by Clemens Engelhardt, CC0-1.0, cropped."""
    return Path(__file__).with_name("dandelion.jpg")
