"""Tokens of an identity provider: believed only as far as issuer, audience, time and key go."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from service.auth.caller import Limits
from service.auth.refusals import IdentityAway
from service.auth.tokens import Tokens

ISSUER, AUDIENCE = "https://id.example", "rialto"
OURS, OTHERS = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    public = {**ECAlgorithm.to_jwk(OURS.public_key(), as_dict=True), "kid": "1", "use": "sig"}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))
    return tmp_path / "jwks.json"


@pytest.fixture
def tokens(jwks: Path) -> Tokens:
    return Tokens(ISSUER, AUDIENCE, str(jwks), Limits(in_flight=5))


def claims(**other: Any) -> dict[str, Any]:
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": time.time() + 60,
        "scope": "openid rialto:jobs admin",
        **other,
    }
    return {name: value for name, value in given.items() if value is not None}


def signed(given: dict[str, Any], key: Any = OURS, algorithm: str = "ES256") -> str:
    return jwt.encode(given, key, algorithm, headers={"kid": "1"})


async def test_a_good_token_speaks_for_its_subject_with_our_scopes_alone(tokens: Tokens) -> None:
    caller = await tokens.caller(signed(claims()))
    assert caller is not None
    assert caller.name == "jwt:ada"
    assert caller.scopes == {"jobs"}
    assert caller.limits.in_flight == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"},
        {"aud": "another service"},
        {"exp": time.time() - 120},
        {"exp": None},
        {"sub": None},
        {"aud": None},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_or_missing_claim_is_not_believed(
    tokens: Tokens, wrong: dict[str, Any]
) -> None:
    assert await tokens.caller(signed(claims(**wrong))) is None


async def test_a_token_signed_otherwise_is_not_believed(tokens: Tokens) -> None:
    unsigned = jwt.encode(claims(), None, "none")
    # The oldest attack: the public key as the secret of a symmetric signature.
    confused = jwt.encode(claims(), "x" * 32, "HS256", headers={"kid": "1"})
    rsa_key = rsa.generate_private_key(65537, 2048)
    for token in (
        signed(claims(), OTHERS),
        signed(claims(), rsa_key, "RS256"),
        unsigned,
        confused,
        "a.b.c",
        signed(claims())[:-4] + "AAAA",
    ):
        assert await tokens.caller(token) is None


@contextmanager
def provider(answer: bytes) -> Iterator[str]:
    """An identity provider that says one thing to everybody; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 500 No\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n<!doctype html>",
        b"HTTP/1.0 200 OK\r\n\r\n\xff\xff",
        b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{",
    ],
)
async def test_a_provider_that_hands_out_no_keys_is_away(answer: bytes) -> None:
    with provider(answer) as url, pytest.raises(IdentityAway):
        await Tokens(ISSUER, AUDIENCE, url, Limits()).caller(signed(claims()))


def test_a_file_without_keys_is_told_at_start(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"keys": []}')
    with pytest.raises(ValueError, match="RIALTO_JWT_JWKS"):
        Tokens(ISSUER, AUDIENCE, str(tmp_path / "bad.json"), Limits())
