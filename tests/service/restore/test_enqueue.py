import asyncio

import pytest

from service.restore.enqueue import Line, LineFull


def test_a_line_holds_no_more_than_it_may() -> None:
    line = Line(1, 1, 1000)
    with line.place(), line.place():
        assert line.full
        with pytest.raises(LineFull, match="2 photos"), line.place():
            pass
    assert not line.full


def test_a_place_is_given_back_whatever_happens_in_it() -> None:
    line = Line(1, 0, 1000)
    with pytest.raises(KeyError), line.place():
        raise KeyError
    assert not line.full


async def test_turns_come_in_the_order_of_arrival() -> None:
    line, order = Line(1, 9, 1000), []

    async def photo(number: int) -> None:
        with await line.turn(10):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(photo(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_a_photo_that_leaves_the_line_does_not_take_a_turn_with_it() -> None:
    line = Line(1, 9, 1000)
    held = await line.turn(10)
    leaving = asyncio.create_task(line.turn(10))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    with held:
        pass
    async with asyncio.timeout(5):
        with await line.turn(10):
            pass


async def test_decoded_photos_beyond_what_may_be_held_are_refused_but_one_always_goes() -> None:
    line = Line(2, 9, 1000)
    with await line.turn(5000), pytest.raises(LineFull, match="memory"):
        await line.turn(1)
    with await line.turn(600), await line.turn(400), pytest.raises(LineFull):
        await line.turn(1)
    with await line.turn(1000):
        pass
