import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme
from standardwebhooks import Webhook

from service.archive.webhooks import Guard, Signer
from service.archive.webhooks.sending import BODY_BYTES, Sender
from tests.service.archive.webhooks.receiver import (
    SECRET,
    Receiver,
    answering,
    receiving,
    resolving,
)

BODY = b'{"type":"job.finished"}'
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def endpoint() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_an_event_arrives_signed_under_its_own_name(endpoint: Receiver) -> None:
    answer = await endpoint.sender().send("evt_1", endpoint.url, BODY)
    received = endpoint.requests.get_nowait()
    assert answer.status == 204
    assert received.line == "POST /hook?token=1 HTTP/1.1"
    assert received.headers["host"] == f"127.0.0.1:{endpoint.port}"
    assert received.headers["content-type"] == "application/json"
    assert Webhook(SECRET).verify(received.body, received.headers) == {"type": "job.finished"}


async def test_the_address_connected_to_is_the_one_that_was_checked() -> None:
    """DNS rebinding: the name has another address each time that it is asked for."""
    resolve = resolving(["127.0.0.1"], ["127.0.0.2"])
    async with receiving() as ours, receiving(host="127.0.0.2", port=ours.port) as victim:
        guard = Guard([f"127.0.0.1:{ours.port}"], resolve=resolve)
        sender = Sender(guard, Signer([SECRET]))
        url = f"http://rebind.example:{ours.port}/"
        first, second = [await sender.send("evt_1", url, BODY) for _ in range(2)]
    assert (first.status, second.status) == (204, None)
    assert ours.requests.get_nowait().headers["host"] == f"rebind.example:{ours.port}"
    assert "127.0.0.2" in second.reason
    assert victim.requests.empty()


@pytest.mark.parametrize("name", ["hooks.example", "other.example"])
async def test_tls_is_spoken_with_the_name_not_with_the_address(name: str) -> None:
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(serving)
    asked: list[str | None] = []
    serving.sni_callback = lambda _socket, asked_for, _context: asked.append(asked_for)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with receiving(tls=serving) as receiver:
        guard = Guard([f"127.0.0.1:{receiver.port}"], resolve=resolving(["127.0.0.1"]))
        sender = Sender(guard, Signer([SECRET]), trust=trust)
        answer = await sender.send("evt_1", f"https://{name}:{receiver.port}/", BODY)
    assert asked == [name]
    if name == "hooks.example":
        assert (answer.status, receiver.requests.qsize()) == (204, 1)
    else:
        assert "certificate" in answer.reason
        assert (answer.status, receiver.requests.qsize()) == (None, 0)


async def test_a_redirect_is_not_followed(endpoint: Receiver) -> None:
    async with receiving() as elsewhere:
        endpoint.answer = answering(307, f"Location: {elsewhere.url}")
        answer = await endpoint.sender().send("evt_1", endpoint.url, BODY)
        assert elsewhere.requests.empty()
    assert answer.status == 307
    assert "redirects are not followed" in answer.reason


async def test_a_proxy_of_the_environment_is_not_used(
    endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await endpoint.sender().send("evt_1", endpoint.url, BODY)).status == 204
        assert proxy.requests.empty()


async def test_an_endpoint_that_does_not_answer_is_left_after_the_limit(endpoint: Receiver) -> None:
    endpoint.answer = endpoint.silent
    answer = await endpoint.sender(attempt_s=0.2).send("evt_1", endpoint.url, BODY)
    assert (answer.status, answer.reason) == (None, "There was no answer within 0.2 s.")


async def test_an_answer_that_comes_byte_by_byte_is_left_after_the_limit(
    endpoint: Receiver,
) -> None:
    """Each read is quick enough; it is the whole that is bounded."""

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        while not endpoint.let_go.is_set():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    endpoint.answer = dripping
    answer = await endpoint.sender(attempt_s=0.2).send("evt_1", endpoint.url, BODY)
    assert answer.status is None


async def test_a_huge_answer_counts_and_is_not_read(endpoint: Receiver) -> None:
    sent = 0

    async def flooding(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK + b"Content-Length: 1000000000\r\n\r\n")
        while sent < 10**9:
            writer.write(b"x" * BODY_BYTES)
            await writer.drain()
            sent += BODY_BYTES

    endpoint.answer = flooding
    assert (await endpoint.sender().send("evt_1", endpoint.url, BODY)).status == 200
    assert sent < 2**26  # what the buffers of the two sockets hold


async def test_a_huge_head_is_no_answer(endpoint: Receiver) -> None:
    async def flooding(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"X: " + b"y" * 2**20)
        await endpoint.let_go.wait()

    endpoint.answer = flooding
    assert (await endpoint.sender().send("evt_1", endpoint.url, BODY)).status is None


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 xx\r\n\r\n"])
async def test_what_is_no_http_is_no_answer(endpoint: Receiver, said: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    endpoint.answer = answer
    answered = await endpoint.sender().send("evt_1", endpoint.url, BODY)
    assert answered.status is None
    assert answered.reason.startswith("The connection failed: ")


async def test_an_address_that_is_closed_is_passed_over_for_the_next(endpoint: Receiver) -> None:
    resolve = resolving(["127.0.0.3", "127.0.0.1"])
    sender = Sender(Guard([f"127.0.0.0/8:{endpoint.port}"], resolve=resolve), Signer([SECRET]))
    answer = await sender.send("evt_1", f"http://two.example:{endpoint.port}/", BODY)
    assert answer.status == 204


async def test_retry_after_is_read(endpoint: Receiver) -> None:
    endpoint.answer = answering(503, "Retry-After: 120")
    answer = await endpoint.sender().send("evt_1", endpoint.url, BODY)
    assert (answer.status, answer.retry_after_s) == (503, 120)
    assert answer.reason == "It answered 503 Service Unavailable."
