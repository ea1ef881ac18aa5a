"""The guard: a webhook's URL into addresses that were checked, or a refusal.

Against server-side request forgery: a name is looked up once, every address that it has is checked,
and the addresses that were checked are those that are connected to. What the name says a moment
later (DNS rebinding) is not asked.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import httpx2

from service.archive.webhooks.reach import PUBLIC, address_of, rule_of
from service.problems import Problem

RESOLVE_S: Final = 5.0
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Threads of their own: names whose servers are silent may hold these up, and nothing else.
_LOOKUPS: Final = ThreadPoolExecutor(8, thread_name_prefix="webhook-lookup")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class BadWebhook(Problem):
    """A webhook's URL that is none, or that leads where we do not go."""

    status = 422
    slug = "bad-webhook"
    title = "The webhook's URL cannot be used"


@dataclass(frozen=True)
class Destination:
    """A URL and the addresses, checked, under one of which it is to be reached."""

    url: httpx2.URL
    addresses: tuple[str, ...]

    def request(self, address: str, headers: dict[str, str], body: bytes) -> httpx2.Request:
        """A POST to `address` which tells Host, and TLS, the name that the URL has."""
        named = {"Host": self.url.netloc.decode("ascii"), **headers}
        return httpx2.Request(
            "POST",
            self.url.copy_with(host=address),
            headers=named,
            content=body,
            extensions={"sni_hostname": _host_of(self.url)},
        )


async def resolve_all(host: str, port: int) -> Sequence[str]:
    """Every address that the system's resolver has for `host`. Raises OSError."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, look_up)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Guard:
    """Lets pass what is public, and what `allowed` names (`reach.rule_of` has its forms).

    Raises ValueError where an entry of `allowed` cannot be read.
    """

    def __init__(self, allowed: Sequence[str] = (), *, resolve: Resolve = resolve_all) -> None:
        self._rules = (PUBLIC, *map(rule_of, allowed))
        self._resolve = resolve

    async def check(self, url: str) -> Destination:
        """Where `url` leads, if all of that may be reached. Raises BadWebhook."""
        parsed = _parsed(url)
        host, port = _host_of(parsed), parsed.port
        port = DEFAULT_PORTS[parsed.scheme] if port is None else port
        addresses = await self._addresses(host, port)
        for address in addresses:
            if not any(rule.permits(host, address_of(address), port) for rule in self._rules):
                raise BadWebhook(
                    f"Webhooks do not go to {host} at {address}, port {port}: it is not a public "
                    "address on port 80 or 443. Name another URL, or have the operator allow this "
                    "one by RIALTO_WEBHOOK_HOSTS."
                )
        return Destination(parsed, addresses)

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = await self._resolve(host, port)
            addresses = tuple(dict.fromkeys(str(address_of(address)) for address in found))
        except (OSError, ValueError) as error:  # OSError: a time-out too; ValueError: no such name
            raise BadWebhook(f"{host} cannot be looked up. Correct it, or try again.") from error
        if not addresses:
            raise BadWebhook(f"{host} has no address. Correct it, or try again.")
        return addresses


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise BadWebhook(f"This is no URL: {error} Correct it.") from error
    if parsed.scheme not in DEFAULT_PORTS or not parsed.host:
        raise BadWebhook("Name a URL that begins with https:// or http:// and a host.")
    if parsed.userinfo:
        raise BadWebhook("Leave user and password out of the URL; deliveries are signed instead.")
    return parsed


def _host_of(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii").lower().rstrip(".")
