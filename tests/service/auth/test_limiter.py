"""Requests counted over all gateways: by time, and by how many are in flight."""

import asyncio
from typing import Literal

import pytest
from redis.asyncio import Redis

from service.auth.caller import Caller, Limits
from service.auth.limiter import Admission, Limiter
from service.ending import ended


def caller(name: str = "a", **limits: int) -> Caller:
    return Caller(name, "id", frozenset({"jobs"}), Limits(**limits))


async def once(limiter: Limiter, of: Caller) -> Admission:
    async with limiter.counted(of) as admission:
        return admission


async def test_the_request_after_the_last_is_refused_on_every_gateway(redis: Redis) -> None:
    gateways = [Limiter(redis), Limiter(redis)]
    of = caller(requests=3, seconds=60, in_flight=0)
    words = [(await once(gateways[turn % 2], of)).word for turn in range(5)]
    assert words == ["ok", "ok", "ok", "rate", "rate"]
    refused = await once(gateways[0], of)
    assert refused.remaining == 0
    assert 0 < refused.wait_s <= 60
    assert (await once(gateways[0], caller("b", requests=3))).word == "ok"


async def test_a_refused_request_does_not_count_and_the_window_slides(redis: Redis) -> None:
    limiter, of = Limiter(redis), caller(requests=1, seconds=1, in_flight=0)
    assert (await once(limiter, of)).word == "ok"
    async with asyncio.timeout(30):
        while (await once(limiter, of)).word != "ok":
            pass
    assert await redis.zcard("{rialto}:auth:recent:a") == 1


async def test_places_are_given_back_also_by_what_fails(redis: Redis) -> None:
    limiter, of = Limiter(redis), caller(requests=0, in_flight=1)
    async with limiter.counted(of) as first:
        assert first.places == 0
        assert (await once(limiter, of)).word == "in-flight"
    try:
        async with limiter.counted(of):
            raise ValueError
    except ValueError:
        pass
    assert (await once(limiter, of)).word == "ok"


async def test_a_killed_gateways_places_are_free_after_the_lease(redis: Redis) -> None:
    dead, alive = Limiter(redis, lease_s=2), Limiter(redis, lease_s=2)
    of = caller(requests=0, in_flight=1)
    holding = dead.counted(of)
    await holding.__aenter__()  # never left, never renewed
    assert (await once(alive, of)).word == "in-flight"
    async with asyncio.timeout(30):
        while (await once(alive, of)).word != "ok":
            pass
    await holding.__aexit__(None, None, None)


async def test_a_long_request_keeps_its_place(redis: Redis) -> None:
    limiter, of = Limiter(redis, lease_s=6), caller(requests=0, in_flight=1)
    leases = asyncio.create_task(limiter.run())
    async with limiter.counted(of):
        [(request, first)] = await redis.zrange("{rialto}:auth:flying:a", 0, -1, withscores=True)
        async with asyncio.timeout(30):
            while await redis.zscore("{rialto}:auth:flying:a", request) == first:
                pass
        assert (await once(limiter, of)).word == "in-flight"
    await ended(leases)


def test_the_fields_are_those_of_the_draft() -> None:
    fields = Admission("ok", 99, 12, 7).fields(Limits(requests=100, seconds=60, in_flight=8))
    assert fields == {
        "RateLimit-Policy": '"requests";q=100;w=60, "in-flight";q=8;qu="concurrent-requests"',
        "RateLimit": '"requests";r=99;t=12, "in-flight";r=7',
    }
    assert Admission("ok", 0, 0, 0).fields(Limits(requests=0, in_flight=0)) == {}


@pytest.mark.parametrize(
    ("word", "told"),
    [("rate", '"requests";r=0;t=12'), ("in-flight", '"in-flight";r=7')],
)
def test_a_refusal_tells_of_its_own_policy_alone_so_that_no_window_outlasts_retry_after(
    word: Literal["rate", "in-flight"], told: str
) -> None:
    fields = Admission(word, 0, 12, 7).fields(Limits(requests=100, seconds=60, in_flight=8))
    assert fields["RateLimit"] == told
