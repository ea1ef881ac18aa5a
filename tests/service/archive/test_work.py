"""A photo's work: whose fault it was that there is no result, and what follows from that."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from service.archive.blobs import Blobs
from service.archive.keys import input_key
from service.archive.queue import Lease
from service.archive.records import InputBlob, JobSpec, OutputSpec
from service.archive.sources import Sources
from service.archive.work import PartAway, Refused, retry_delay_s, work_off
from service.photo.refusals import BrokenPhoto
from service.problems import Problem
from service.restore import Restorer
from service.restore.enqueue import LineFull
from service.restore.infer import EngineAway, EngineFailed

SHA256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of b"x"


class Broken:
    """A restorer that ends every photo in the same way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def restore(self, *_: Any) -> AsyncIterator[object]:
        raise self.error
        yield


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "open").mkdir()
    return Sources(Blobs.open(tmp_path / "own"), [f"file://{tmp_path}/open"])


def lease(key: str, sha256: str = "", attempt: int = 1) -> Lease:
    spec = JobSpec(outputs=(OutputSpec(task="jpeg"),))
    return Lease("j1", "a.jpg", "fence", attempt, spec, InputBlob(key=key, bytes=1, sha256=sha256))


async def outcome(of: Lease, sources: Sources, error: Exception | None = None) -> Refused:
    restorer = cast(Restorer, Broken(error or AssertionError("it is not restored")))
    found = await work_off(of, restorer, sources, lambda _: None)
    assert isinstance(found, Refused)
    return found


async def test_a_photo_that_is_gone_or_is_another_one_fails_for_good(
    sources: Sources, tmp_path: Path
) -> None:
    gone = await outcome(lease(f"file://{tmp_path}/open/a.jpg"), sources)
    assert (gone.failure.slug, gone.retry_in_s) == ("no-such-blob", None)
    (tmp_path / "open/a.jpg").write_bytes(b"y")
    other = await outcome(lease(f"file://{tmp_path}/open/a.jpg", SHA256), sources)
    assert (other.failure.slug, other.retry_in_s) == ("wrong-checksum", None)
    assert SHA256 in other.failure.detail
    outside = await outcome(lease(f"file://{tmp_path}/b.jpg"), sources)
    assert (outside.failure.slug, outside.retry_in_s) == ("source-not-allowed", None)


@pytest.mark.parametrize(
    ("error", "slug", "is_retried"),
    [
        (BrokenPhoto("It ends too early."), "broken-photo", False),
        (EngineFailed("It answered NaN."), "engine-failed", True),
        (ZeroDivisionError(), "internal-error", True),
    ],
)
async def test_the_photos_own_fault_ends_it_and_chance_is_tried_again(
    sources: Sources, error: Exception, slug: str, is_retried: bool
) -> None:
    await sources.own.put(input_key("j1", SHA256), b"x")
    found = await outcome(lease(input_key("j1", SHA256), SHA256, attempt=2), sources, error)
    assert (found.failure.slug, found.retry_in_s) == (slug, 4.0 if is_retried else None)


@pytest.mark.parametrize("error", [EngineAway("It died."), LineFull("Too many.")])
async def test_where_a_part_is_away_the_photo_is_not_at_fault(
    sources: Sources, error: Problem
) -> None:
    await sources.own.put(input_key("j1", SHA256), b"x")
    with pytest.raises(PartAway):
        await outcome(lease(input_key("j1", SHA256), SHA256), sources, error)


async def test_a_storage_that_is_away_is_not_the_photos_fault(
    sources: Sources, tmp_path: Path
) -> None:
    await sources.own.put(input_key("j1", SHA256), b"x")
    (tmp_path / "own").rename(tmp_path / "unmounted")
    with pytest.raises(PartAway):
        await outcome(lease(input_key("j1", SHA256), SHA256), sources)


def test_delays_double_up_to_five_minutes() -> None:
    assert [retry_delay_s(attempt) for attempt in (1, 2, 3, 8, 9, 60)] == [2, 4, 8, 256, 300, 300]
