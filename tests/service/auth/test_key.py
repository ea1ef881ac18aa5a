"""A key: told once, recognised ever after."""

import pytest
from pydantic import ValidationError

from service.auth.caller import Limits
from service.auth.key import TOKEN, ApiKey, split


def mint(days: float | None = None) -> tuple[ApiKey, str]:
    return ApiKey.mint("archive", frozenset({"jobs"}), Limits(), now=1000.0, days=days)


def test_a_token_has_256_bits_and_its_record_holds_none_of_them() -> None:
    key, token = mint()
    assert TOKEN.fullmatch(token)
    secret = token.rpartition("_")[2] if "_" not in token[20:] else token[20:]
    assert len(secret) == 43
    assert secret not in key.model_dump_json()


def test_a_key_opens_by_its_own_secret_alone() -> None:
    (key, token), (_, other) = mint(), mint()
    parts, others = split(token), split(other)
    assert parts
    assert others
    assert parts[0] == key.id
    assert key.opens(parts[1])
    assert not key.opens(others[1])
    assert not key.opens(parts[1][:-1])


def test_one_secret_under_two_ids_has_two_digests() -> None:
    key, token = mint()
    secret = split(token)
    assert secret
    assert not key.model_copy(update={"id": "0" * 12}).opens(secret[1])


def test_a_key_ends_on_its_day() -> None:
    key, _ = mint(days=1)
    assert key.is_live(1000.0 + 86_399)
    assert not key.is_live(1000.0 + 86_400)


@pytest.mark.parametrize("name", ["", "Upper", "a b", "jwt:someone", "-a", "a" * 64])
def test_a_name_that_could_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        ApiKey.mint(name, frozenset({"jobs"}), Limits(), 0.0, None)


@pytest.mark.parametrize("text", ["", "rialto_", "Bearer x", "rialto_0123456789ab_short", "a.b.c"])
def test_what_is_no_token_has_no_parts(text: str) -> None:
    assert split(text) is None
