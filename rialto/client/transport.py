"""A `Call` in httpx2's words, and httpx2's failures in ours: what both clients share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypedDict

import httpx2

from rialto.choices import DEFAULT_URL
from rialto.client.answer import Answer
from rialto.client.call import Call
from rialto.client.errors import APIConnectionError, APITimeoutError

API_KEY = "RIALTO_API_KEY"
CONNECT_TIMEOUT_S = 5.0
DEFAULT_TIMEOUT_S = 660.0  # a minute beyond the service's own deadline, so that its reason arrives


class OptionChanges(TypedDict, total=False):
    """What `with_options` can change; see `Options`."""

    timeout: float | None
    max_retries: int
    api_key: str | None


@dataclass(frozen=True)
class Options:
    """How calls are made.

    timeout      seconds of silence of the service; connecting has at most 5; None: for ever
    max_retries  repetitions after a failure that may pass
    api_key      sent as a bearer token; None: that of the environment's RIALTO_API_KEY
    """

    timeout: float | None = DEFAULT_TIMEOUT_S
    max_retries: int = 2
    api_key: str | None = None


class RequestParts(TypedDict):
    """The arguments of `httpx2.Client.stream`."""

    method: str
    url: str
    params: dict[str, str]
    headers: dict[str, str]
    content: bytes | None
    files: dict[str, tuple[str, bytes, str]] | None
    timeout: httpx2.Timeout


def request_parts(call: Call, options: Options) -> RequestParts:
    """What httpx2 has to send for this call."""
    headers = {**call.headers, "X-Request-Id": call.request_id}
    if key := options.api_key or os.environ.get(API_KEY):
        headers["Authorization"] = f"Bearer {key}"
    form = call.body if isinstance(call.body, dict) else {}
    files = {name: (name, part, "application/octet-stream") for name, part in form.items()}
    connect = min(options.timeout or CONNECT_TIMEOUT_S, CONNECT_TIMEOUT_S)
    return RequestParts(
        method=call.method,
        url=call.path,
        params=call.params,
        headers=headers,
        content=call.body if isinstance(call.body, bytes) else None,
        files=files or None,
        timeout=httpx2.Timeout(options.timeout, connect=connect),
    )


def answer_head(response: httpx2.Response, call: Call) -> Answer:
    """Status and headers of an answer whose body is still to come."""
    request_id = response.headers.get("x-request-id", call.request_id)
    return Answer(response.status_code, response.headers, b"", request_id)


def is_stream(answer: Answer) -> bool:
    """Whether the body is a series of server-sent events."""
    return answer.content_type == "text/event-stream"


@contextmanager
def translated(call: Call, base_url: httpx2.URL) -> Iterator[None]:
    """Raise what httpx2 raises as the APIConnectionError that it means."""
    where = f"{call.method} {base_url.copy_with(path=call.path)}"
    try:
        yield
    except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
        raise APITimeoutError(f"{where}: no answer in time", call.request_id) from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        cause = str(error) or type(error).__name__
        raise APIConnectionError(f"{where}: {cause}", call.request_id) from error


class PoolParts(TypedDict):
    """The arguments of `httpx2.Client`."""

    base_url: str
    trust_env: bool


def pool_parts(base_url: str) -> PoolParts:
    """How connections to a service are made; proxies never stand before this machine itself.

    Raises ValueError where `base_url` is not one.
    """
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise ValueError(f"base_url {base_url!r}: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError(f"base_url {base_url!r} must be like {DEFAULT_URL}")
    return PoolParts(base_url=base_url, trust_env=not _is_here(url.host))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
