"""The guard: what a request carries, into its caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import CookieError, SimpleCookie

from redis.asyncio import Redis
from starlette.datastructures import Headers

from service.auth.caller import Caller, Limits
from service.auth.limiter import Limiter
from service.auth.refusals import KeyNeeded
from service.auth.store import KeyStore
from service.auth.tokens import Tokens
from service.ending import ended
from service.settings import Settings

COOKIE = "rialto-key"
SAFE = {"GET", "HEAD"}


class Guard:
    """Recognises callers by key or token, and counts what they send."""

    def __init__(self, store: KeyStore, limiter: Limiter, tokens: Tokens | None) -> None:
        self._store, self._tokens, self.limiter = store, tokens, limiter

    async def caller(self, method: str, headers: Headers) -> Caller:
        """Whose request this is. Raises KeyNeeded, IdentityAway or ValkeyAway."""
        credential = _bearer(headers) or (_cookie(headers) if method in SAFE else None)
        if credential is None:
            raise KeyNeeded("Send a key as Authorization: Bearer KEY. The operator makes them.")
        if self._tokens is not None and credential.count(".") == 2:
            caller = await self._tokens.caller(credential)
        else:
            key = await self._store.find(credential)
            caller = key.caller() if key is not None else None
        if caller is None:
            raise KeyNeeded("The key or token is not known, has expired, or was revoked.")
        return caller


@asynccontextmanager
async def open_guard(redis: Redis, settings: Settings) -> AsyncIterator[Guard]:
    """A guard whose leases are renewed as long as the block lasts.

    Raises ValueError where the identity provider's keys cannot be read.
    """
    limiter = Limiter(redis)
    tokens = None
    if settings.jwt_issuer:
        limits = Limits()
        given = (settings.jwt_issuer, settings.jwt_audience, settings.jwt_jwks, limits)
        tokens = Tokens(*given)
    leases = asyncio.create_task(limiter.run(), name="leases of requests")
    try:
        yield Guard(KeyStore(redis), limiter, tokens)
    finally:
        await ended(leases)


def _bearer(headers: Headers) -> str | None:
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


def _cookie(headers: Headers) -> str | None:
    """The page's own: links and pictures cannot carry a header. Only for what changes nothing."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value if found is not None else None
