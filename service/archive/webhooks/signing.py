"""Signing, by the Standard Webhooks specification 1.0.0: id, time and body into headers.

HMAC-SHA256 over "id.timestamp.body" (scheme v1). Each secret adds a signature, so that one may be
replaced by another while receivers know either.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


def key_of(secret: str) -> bytes:
    """The key within a secret. Raises ValueError, which does not show it."""
    if not secret.startswith(PREFIX):
        raise ValueError("a webhook secret begins with whsec_")
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # not base64, or not ASCII
        raise ValueError("a webhook secret is whsec_ and then base64") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"a webhook secret holds {LEAST_BYTES} to {MOST_BYTES} bytes")
    return key


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - the contract's
    """One signature, "v1,...". `timestamp` is the attempt's, in seconds since 1970."""
    return _signature(key_of(secret), id, timestamp, body)


class Signer:
    """Signs with all of `secrets`. Raises ValueError where one cannot be read."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = tuple(map(key_of, secrets))

    def headers(self, id: str, timestamp: int, body: bytes) -> dict[str, str]:  # noqa: A002
        """The three headers of one attempt."""
        signatures = [_signature(key, id, timestamp, body) for key in self._keys]
        return {
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }


def _signature(key: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    if "." in event_id:  # else a part of the id could pass for a timestamp
        raise ValueError("an event's id has no full stop")
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")
