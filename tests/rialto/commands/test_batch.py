import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import pytest

from rialto import APIConnectionError, AsyncClient, Restoration
from rialto.client.call import RestoreOptions
from rialto.commands.batch import (
    Outcome,
    Restored,
    ServiceLostError,
    ServiceRestorer,
    Work,
    restore_all,
)
from rialto.commands.pairs import pair_up


class HeldRestorer:
    """Holds every photo until `released`; fails those whose bytes say so."""

    def __init__(self) -> None:
        self.inside: list[bytes] = []
        self.most = 0
        self.entered = asyncio.Semaphore(0)
        self.released = asyncio.Event()

    async def restore(
        self, photo: bytes, /, *, task: str, **options: Unpack[RestoreOptions]
    ) -> Restored:
        self.inside.append(photo)
        self.most = max(self.most, len(self.inside))
        self.entered.release()
        await self.released.wait()
        self.inside.remove(photo)
        if photo == b"bad":
            raise ValueError("bad photo")
        if photo == b"last":
            raise ServiceLostError("gone")
        return Restoration(
            photo + f" {task} {options['format']}".encode(), "image/png", 0, "n", "p", {}, None
        )


def work_in(folder: Path, photos: dict[str, bytes], concurrency: int = 2) -> Work:
    (folder / "in").mkdir()
    for name, content in photos.items():
        (folder / "in" / name).write_bytes(content)
    pairs = pair_up(folder / "in", folder / "out", None)
    return Work(pairs, "sr4x", {"preset": "fast"}, concurrency)


async def test_as_many_photos_as_asked_for_are_restored_at_once(tmp_path: Path) -> None:
    work = work_in(tmp_path, {f"{n}.png": b"photo %d" % n for n in range(7)}, concurrency=3)
    restorer, outcomes = HeldRestorer(), list[Outcome]()
    running = asyncio.create_task(restore_all(work, restorer, outcomes.append))
    for _ in range(3):
        await restorer.entered.acquire()
    restorer.released.set()
    await running
    assert restorer.most == 3
    assert [outcome.status for outcome in outcomes] == ["restored"] * 7
    assert (tmp_path / "out/3.png").read_bytes() == b"photo 3 sr4x png"


async def test_a_photo_that_fails_harms_no_other(tmp_path: Path) -> None:
    work = work_in(tmp_path, {"a.png": b"good", "b.png": b"bad", "c.png": b"good"})
    restorer, outcomes = HeldRestorer(), list[Outcome]()
    restorer.released.set()
    await restore_all(work, restorer, outcomes.append)
    by_name = {outcome.pair.source.name: outcome for outcome in outcomes}
    assert [by_name[name].status for name in sorted(by_name)] == ["restored", "failed", "restored"]
    assert str(by_name["b.png"].error) == "bad photo"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


async def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    work = work_in(tmp_path, {"a.png": b"one", "b.png": b"two"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_bytes(b"restored yesterday")
    restorer, outcomes = HeldRestorer(), list[Outcome]()
    restorer.released.set()
    await restore_all(work, restorer, outcomes.append)
    assert sorted(outcome.status for outcome in outcomes) == ["restored", "skipped"]
    assert (tmp_path / "out/a.png").read_bytes() == b"restored yesterday"
    await restore_all(replace(work, overwrite=True), restorer, outcomes.append)
    assert (tmp_path / "out/a.png").read_bytes() == b"one sr4x png"


async def test_a_lost_service_ends_the_batch_instead_of_failing_every_photo(tmp_path: Path) -> None:
    work = work_in(tmp_path, {"a.png": b"last", "b.png": b"good"}, concurrency=1)
    restorer, outcomes = HeldRestorer(), list[Outcome]()
    restorer.released.set()
    with pytest.raises(ServiceLostError):
        await restore_all(work, restorer, outcomes.append)
    assert outcomes == []


async def test_a_connection_that_breaks_is_one_photos_failure_while_the_service_is_ready(
    service: Any, acts: Any, no_service: str
) -> None:
    service.play(acts.broken(), acts.answer(200))
    async with AsyncClient(service.url, max_retries=0) as client:
        with pytest.raises(APIConnectionError):
            await ServiceRestorer(client, service.url, None).restore(b"photo", task="sr4x")
    assert [asked.path for asked in service.asked] == ["/restore", "/readyz"]
    async with AsyncClient(no_service, max_retries=0) as client:
        with pytest.raises(ServiceLostError, match=no_service):
            await ServiceRestorer(client, no_service, None).restore(b"photo", task="sr4x")
