from pathlib import Path

import pytest

from service.archive.blobs import Blobs
from service.archive.sources import SourceNotAllowed, Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "open/box").mkdir(parents=True)
    (tmp_path / "open/box/a.jpg").write_bytes(b"photo")
    (tmp_path / "openly.jpg").write_bytes(b"not below")
    return Sources(Blobs.open(tmp_path / "own"), [f"file://{tmp_path}/open"])


async def test_what_lies_below_an_allowed_url_is_read_by_its_own_url(
    sources: Sources, tmp_path: Path
) -> None:
    for root in (f"file://{tmp_path}/open", f"file://{tmp_path}/open/"):
        sources.check(root)
        found = [key async for key, _ in sources.list(root)]
        assert found == [f"file://{tmp_path}/open/box/a.jpg"]
        assert await sources.get(found[0]) == b"photo"


@pytest.mark.parametrize("path", ["", "openly.jpg", "open/../openly.jpg", "open/./box/a.jpg"])
async def test_nothing_else_is(sources: Sources, tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceNotAllowed, match="not below"):
        await sources.get(f"file://{tmp_path}/{path}")


async def test_own_keys_are_read_from_our_own_storage(sources: Sources) -> None:
    await sources.own.put("jobs/x/in/y", b"ours")
    assert await sources.get("jobs/x/in/y") == b"ours"
