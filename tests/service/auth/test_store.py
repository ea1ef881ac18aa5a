"""Keys in Redis: made, found, rotated, revoked."""

import pytest
from redis.asyncio import Redis

from service.auth.caller import Limits, Scope
from service.auth.store import KeyRefused, KeyStore

JOBS: frozenset[Scope] = frozenset({"jobs"})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(redis: Redis, clock: Clock) -> KeyStore:
    return KeyStore(redis, clock=clock)


async def test_a_key_is_found_by_its_token_and_by_no_other(store: KeyStore) -> None:
    key, token = await store.create("a", JOBS, Limits(in_flight=3), None)
    assert await store.find(token) == key
    assert await store.find(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert await store.find("rialto_000000000000_" + token[20:]) is None


async def test_no_secret_lies_in_redis(store: KeyStore, redis: Redis) -> None:
    _, token = await store.create("a", JOBS, Limits(), None)
    stored = await redis.hgetall("{rialto}:auth:keys")
    assert len(stored) == 1
    assert token[20:] not in str(stored)


async def test_an_expired_key_opens_nothing(store: KeyStore, clock: Clock) -> None:
    _, token = await store.create("a", JOBS, Limits(), 1)
    clock.now += 86_401
    assert await store.find(token) is None


async def test_while_a_key_is_rotated_both_open_as_one_caller(
    store: KeyStore, clock: Clock
) -> None:
    first, old_token = await store.create("a", JOBS, Limits(requests=7), None)
    old, new, token = await store.rotate("a", overlap_s=60, days=None)
    assert (old.id, new.limits, new.scopes) == (first.id, first.limits, first.scopes)
    assert await store.find(old_token)
    assert await store.find(token)
    with pytest.raises(KeyRefused, match=first.id):
        await store.rotate("a", overlap_s=60, days=None)
    clock.now += 60
    assert await store.find(old_token) is None
    assert await store.find(token)


async def test_a_rotation_never_prolongs_the_old_key(store: KeyStore) -> None:
    first, _ = await store.create("a", JOBS, Limits(), 1)
    old, _, _ = await store.rotate("a", overlap_s=10 * 86_400, days=None)
    assert old.expires_at == first.expires_at


async def test_a_revoked_key_is_gone_at_once(store: KeyStore) -> None:
    await store.create("a", JOBS, Limits(), None)
    _, _, token = await store.rotate("a", 60, None)
    assert len(await store.revoke("a")) == 2
    assert await store.find(token) is None
    with pytest.raises(KeyRefused, match="no key"):
        await store.revoke("a")


async def test_a_name_has_one_key_until_it_is_rotated(store: KeyStore) -> None:
    await store.create("a", JOBS, Limits(), None)
    with pytest.raises(KeyRefused, match="Rotate"):
        await store.create("a", JOBS, Limits(), None)
