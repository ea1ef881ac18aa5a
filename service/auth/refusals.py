"""Refusals of the gate: no key, not that key, not with that key, not so much."""

from typing import ClassVar

from service.problems import Problem


class KeyNeeded(Problem):
    """The request carries no key, or one that opens nothing: mistyped, expired or revoked."""

    status = 401
    slug = "key-needed"
    title = "This address needs a key"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="rialto"'}


class ScopeMissing(Problem):
    """The key is good, but not for this address."""

    status = 403
    slug = "scope-missing"
    title = "The key is not made for this"


class TooManyRequests(Problem):
    """More requests than the key may send, in a window of time or at once."""

    status = 429
    slug = "too-many-requests"
    title = "The key has sent too many requests"


class IdentityAway(Problem):
    """The identity provider does not hand out its keys, so that no token can be checked."""

    status = 503
    slug = "identity-unavailable"
    title = "The identity provider cannot be reached"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}
