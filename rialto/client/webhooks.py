"""A webhook that arrived becomes the event that it tells, once its signature has been checked.

Standard Webhooks 1.0.0: HMAC-SHA256 over "id.timestamp.body" under one of the receiver's secrets.
The service signs in `service/archive/webhooks/signing.py`; this half stands alone, so that
whoever receives needs nothing of the service.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from rialto.client.errors import RialtoError
from rialto.client.job_records import Job, Told

PREFIX = "whsec_"
SCHEME = "v1,"
TOLERANCE_S = 300.0  # as the specification's own libraries have it


class WebhookVerificationError(RialtoError):
    """Not a webhook of this service, or one that is too old: answer 400 and do nothing."""


class WebhookEvent(Told):
    """What a webhook tells: how a job ended, and the job as it stood then."""

    type: Literal["job.finished", "job.cancelled"]
    timestamp: datetime
    data: Job


def verify_webhook(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    clock: Callable[[], float] = time.time,
) -> WebhookEvent:
    """The event in `payload`, the body exactly as it came. Raises WebhookVerificationError.

    headers      webhook-id, webhook-timestamp, webhook-signature, in any case
    secret       whsec_…, or several while one is being replaced by another
    tolerance_s  seconds by which the sender's clock may differ, either way

    A delivery may come twice with the same webhook-id. Raises ValueError for a secret that is none.
    """
    body = payload.encode() if isinstance(payload, str) else payload
    keys = [_key(text) for text in ([secret] if isinstance(secret, str) else secret)]
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, stamp = lower["webhook-id"], lower["webhook-timestamp"]
        given = lower["webhook-signature"].split()
    except KeyError as error:
        raise WebhookVerificationError(f"the request has no header {error}") from error
    if not _is_signed(f"{event_id}.{stamp}.".encode() + body, given, keys):
        raise WebhookVerificationError("no signature is of any of the secrets")
    # Only now is the time the sender's own.
    if not stamp.isdecimal() or abs(clock() - int(stamp)) > tolerance_s:
        raise WebhookVerificationError(f"its time, {stamp}, is over {tolerance_s:g} s from ours")
    try:
        return WebhookEvent.model_validate_json(body)
    except ValidationError as error:
        raise WebhookVerificationError("signed, but no event that is known here") from error


def _is_signed(content: bytes, given: Sequence[str], keys: Sequence[bytes]) -> bool:
    """Whether any of the signatures is of any of the keys, each pair compared in constant time."""
    wanted = [
        SCHEME + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        for key in keys
    ]
    pairs = [(one.encode(), two.encode()) for one in given for two in wanted]
    return any(hmac.compare_digest(one, two) for one, two in pairs)


def _key(secret: str) -> bytes:
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError("a webhook secret is whsec_ and then base64") from None
    if not key:
        raise ValueError("a webhook secret is empty")
    return key
