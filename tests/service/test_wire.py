"""Who speaks no HTTP, or takes too long to say anything, is told so and left."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.wire import HEAD_MOST, Wire

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Hasty(Wire):
    head_s = 0.05


async def length(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers how many bytes its body has."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@asynccontextmanager
async def connected(kind: type[Wire] = Wire) -> AsyncIterator[Streams]:
    config = uvicorn.Config(length, http=kind, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(config, state, {}), "127.0.0.1", 0
    )
    async with server, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next answer's status and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = int(head.split("content-length: ")[1].split("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(size)


async def refused(reader: asyncio.StreamReader) -> dict[str, object]:
    """The problem with which the connection ends."""
    status, body = await answer(reader)
    assert await reader.read() == b""
    told: dict[str, object] = json.loads(body)
    assert told["status"] == status
    return told


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"BREW /pot HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_one_problem_and_the_end(rubbish: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(rubbish)
        assert (await refused(reader))["type"] == "/problems/bad-request"


async def test_a_head_without_an_end_is_refused_before_it_fills_memory() -> None:
    async with connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (HEAD_MOST + 1))
        assert (await refused(reader))["type"] == "/problems/head-too-large"


async def test_what_follows_a_body_is_bounded_as_its_head_is() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"3\r\nabc\r\n0\r\nX: " + b"x" * 20 * HEAD_MOST)
        with suppress(ConnectionResetError, asyncio.IncompleteReadError):  # much is left unread
            assert (await refused(reader))["type"] == "/problems/head-too-large"


async def test_a_body_that_cannot_be_read_is_one_problem_and_the_end() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await refused(reader))["type"] == "/problems/bad-request"


async def test_bodies_of_any_size_and_many_requests_pass() -> None:
    async with connected() as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
            writer.write(bytes(300_000))
            assert await answer(reader) == (200, b"300000")
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(20_000):
            writer.write(b"1\r\nx\r\n")
        writer.write(b"0\r\n\r\n")
        assert await answer(reader) == (200, b"20000")


async def test_a_wish_for_another_protocol_is_left_aside() -> None:
    async with connected() as (reader, writer):
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        assert await answer(reader) == (200, b"0")


async def test_a_head_that_trickles_in_is_refused_and_silence_is_left() -> None:
    async with connected(Hasty) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await answer(reader) == (200, b"0")
        writer.write(b"GET / HT")
        assert (await refused(reader))["type"] == "/problems/head-timeout"
    async with connected(Hasty) as (reader, _):
        assert await reader.read() == b""


async def test_a_body_may_take_longer_than_a_head() -> None:
    async with connected(Hasty) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        async with connected(Hasty) as (other, _):
            assert await other.read() == b""  # a head's time is over
        writer.write(b"x")
        assert await answer(reader) == (200, b"2")
