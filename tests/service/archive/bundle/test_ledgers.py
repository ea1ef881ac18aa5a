import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from service.archive.bundle.ledgers import Ledger


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
async def test_a_ledger_gives_back_what_was_written(lines: list[str]) -> None:
    ledger = Ledger()
    for line in lines:
        ledger.write(line)
    data = "".join(lines).encode()
    assert (ledger.bytes, ledger.sha512) == (len(data), hashlib.sha512(data).hexdigest())
    assert b"".join([chunk async for chunk in ledger.chunks()]) == data


async def test_a_long_ledger_takes_a_little_more_than_its_checksums() -> None:
    chance = random.Random(1)  # noqa: S311  # checksums look like noise
    ledger = Ledger()
    for number in range(20_000):
        ledger.write(f"{chance.randbytes(64).hex()}  data/folder/scan-{number:06}.jpg.png\n")
    assert ledger.bytes > 20_000 * 160
    assert len(ledger._packed) < 20_000 * 90
    sizes = [len(chunk) async for chunk in ledger.chunks()]
    assert sum(sizes) == ledger.bytes
    assert max(sizes) <= 2**18


async def test_a_ledger_that_deflates_to_nothing_is_given_back_in_pieces() -> None:
    ledger = Ledger()
    ledger.write("0" * 20_000_000)
    sizes = [len(chunk) async for chunk in ledger.chunks()]
    assert sum(sizes) == 20_000_000
    assert max(sizes) <= 2**18
