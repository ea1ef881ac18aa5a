"""Sending: one event into one POST, and the endpoint's answer.

No redirects, no cookies, no proxy of the environment's, a connection for itself; an answer's body
is read only so that its sender may end, and is not kept: it could be a page of somebody's intranet.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Final

import httpx2

from service.archive.webhooks.guard import BadWebhook, Destination, Guard
from service.archive.webhooks.schedule import Answer, retry_after_s
from service.archive.webhooks.signing import Signer

ATTEMPT_S: Final = 20.0  # for looking up, connecting and the answer's head; the standard: 15 to 30
CONNECT_S: Final = 5.0  # for each address
BODY_S: Final = 1.0
BODY_BYTES: Final = 64 * 2**10
REASON_CHARACTERS: Final = 300


class Sender:
    """Signs and sends. `trust` is what certificates are checked by, the system's roots if None."""

    def __init__(
        self,
        guard: Guard,
        signer: Signer,
        *,
        attempt_s: float = ATTEMPT_S,
        trust: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._guard, self._signer, self._now = guard, signer, now
        self._attempt_s = attempt_s
        self._trust = trust or httpx2.create_ssl_context()

    async def send(self, event_id: str, url: str, body: bytes) -> Answer:
        """One attempt. Whatever goes wrong with it is an answer without a status."""
        try:
            async with asyncio.timeout(self._attempt_s):
                destination = await self._guard.check(url)
                return await self._post(destination, event_id, body)
        except TimeoutError:
            return Answer(None, f"There was no answer within {self._attempt_s:g} s.")
        except BadWebhook as refusal:
            return Answer(None, refusal.detail[:REASON_CHARACTERS])
        except httpx2.TransportError as error:
            told = str(error) or type(error).__name__
            return Answer(None, f"The connection failed: {told}"[:REASON_CHARACTERS])

    async def _post(self, destination: Destination, event_id: str, body: bytes) -> Answer:
        """To the first of the addresses that can be connected to."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Rialto-Webhooks",
            **self._signer.headers(event_id, int(self._now()), body),
        }
        *others, last = destination.addresses
        for address in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._post_to(destination.request(address, headers, body))
        return await self._post_to(destination.request(last, headers, body))

    async def _post_to(self, request: httpx2.Request) -> Answer:
        # A transport of its own: a pool would know a connection by its address, not by its name.
        timeout = httpx2.Timeout(self._attempt_s, connect=CONNECT_S)
        request.extensions["timeout"] = timeout.as_dict()
        async with httpx2.AsyncHTTPTransport(verify=self._trust, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                await _let_it_end(response)
            finally:
                await response.aclose()
        return Answer(
            response.status_code,
            _reason_of(response.status_code),
            retry_after_s(response.headers.get("Retry-After"), self._now()),
        )


async def _let_it_end(response: httpx2.Response) -> None:
    """Read the body while it is short and quick; the status has already said all."""
    read = 0
    with suppress(TimeoutError, httpx2.TransportError):
        async with asyncio.timeout(BODY_S), aclosing(response.aiter_raw()) as chunks:
            async for chunk in chunks:
                read += len(chunk)
                if read > BODY_BYTES:
                    return


def _reason_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}; redirects are not followed. Open jobs with the final URL."
    phrase = next((known.phrase for known in HTTPStatus if known == status), "")
    return f"It answered {status} {phrase}".rstrip() + "."
