"""Tokens: a JWT of the operator's identity provider into a caller (RFC 7519, RFC 9068).

Only asymmetric signatures; issuer, audience and expiry must be there and right. Scopes are those of
the claim `scope` that begin with `rialto:`. The keys come from where the operator said, never from
where a token says.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.auth.caller import SCOPES, Caller, Limits
from service.auth.refusals import IdentityAway

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
NEEDED = ["exp", "iss", "aud", "sub"]
LEEWAY_S = 30
PREFIX = "rialto:"
FETCH_S = 5
KEPT_S = 300


class Tokens:
    """Verifies tokens. `jwks` is a file, or an http(s) URL that is asked again as keys change.

    Raises ModuleNotFoundError without the extra `oidc`, ValueError where a file holds no keys.
    """

    def __init__(self, issuer: str, audience: str, jwks: str, limits: Limits) -> None:
        self._issuer, self._audience, self._limits = issuer, audience, limits
        self._key_of = _key_of_url(jwks) if jwks.startswith("http") else _key_of_file(Path(jwks))

    async def caller(self, token: str) -> Caller | None:
        """Who a token speaks for; None where it is not good. Raises IdentityAway."""
        return await asyncio.to_thread(self._caller, token)

    def _caller(self, token: str) -> Caller | None:
        import jwt  # noqa: PLC0415 -- the extra `oidc`

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(token),
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": NEEDED},
            )
        except jwt.PyJWTError:  # what is wrong with it is nothing that the sender has to know
            return None
        given = str(claims.get("scope", "")).split()
        scopes = frozenset(scope for scope in SCOPES if PREFIX + scope in given)
        subject = str(claims["sub"])
        return Caller(f"jwt:{subject}", "jwt", scopes, self._limits)

    def _key(self, token: str) -> Any:
        """The provider's key that a token says it is signed by. Raises IdentityAway, PyJWTError."""
        import jwt  # noqa: PLC0415

        try:
            return self._key_of(token)
        except (jwt.PyJWKClientConnectionError, OSError, ValueError) as error:  # or it is no JSON
            raise IdentityAway("Its keys cannot be fetched now. Try again shortly.") from error


def _key_of_url(url: str) -> Callable[[str], Any]:
    import jwt  # noqa: PLC0415

    client = jwt.PyJWKClient(url, lifespan=KEPT_S, timeout=FETCH_S)
    return client.get_signing_key_from_jwt


def _key_of_file(path: Path) -> Callable[[str], Any]:
    import jwt  # noqa: PLC0415

    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(path.read_text()))
    except (OSError, ValueError, jwt.PyJWTError) as error:
        raise ValueError(f"RIALTO_JWT_JWKS: {path} holds no keys: {error}") from error

    def key_of(token: str) -> Any:
        name = jwt.get_unverified_header(token).get("kid")
        for key in keys.keys:
            if name is None or key.key_id == name:
                return key
        raise jwt.InvalidTokenError("no such key")

    return key_of
