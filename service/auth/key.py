"""An API key: 32 random bytes that are told once, and a record that can only recognise them.

A token is `rialto_ID_SECRET`. It is looked up by its id, which is no secret, and its secret is
compared as a digest in constant time. The secret has 256 bits of entropy, so that no guessing is
possible however fast the hash is; BLAKE2b with the id as its salt and a name of our own as its
personalisation makes tables and other services' digests useless.
"""

import hashlib
import hmac
import re
import secrets
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from service.auth.caller import Caller, Limits, Scope

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
TOKEN = re.compile(r"rialto_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_PERSON = b"rialto api key"


class ApiKey(BaseModel):
    """What is stored of a key. Times are seconds since 1970; `expires_at` None: it stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{12}$")
    name: str = Field(pattern=NAME)
    digest: str
    scopes: frozenset[Scope] = Field(min_length=1)
    limits: Limits = Limits()
    created_at: float
    expires_at: float | None = None

    @classmethod
    def mint(
        cls, name: str, scopes: frozenset[Scope], limits: Limits, now: float, days: float | None
    ) -> tuple[Self, str]:
        """A new key, and its token, which nobody can tell again.

        Raises pydantic's ValidationError where the name or the scopes cannot be.
        """
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = cls(
            id=key_id,
            name=name,
            digest=_digest(key_id, secret),
            scopes=scopes,
            limits=limits,
            created_at=now,
            expires_at=None if days is None else now + days * 86_400,
        )
        return key, f"rialto_{key_id}_{secret}"

    def is_live(self, now: float) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at

    def opens(self, secret: str) -> bool:
        """Whether `secret` is this key's, in constant time."""
        return hmac.compare_digest(self.digest, _digest(self.id, secret))

    def caller(self) -> Caller:
        """Who holds it."""
        return Caller(self.name, self.id, self.scopes, self.limits)


def split(token: str) -> tuple[str, str] | None:
    """A token's id and secret; None where it is no token of ours."""
    found = TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None


def _digest(key_id: str, secret: str) -> str:
    made = hashlib.blake2b(secret.encode(), digest_size=32, salt=key_id.encode(), person=_PERSON)
    return made.hexdigest()
