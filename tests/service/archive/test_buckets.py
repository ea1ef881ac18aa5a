"""Blobs in buckets on loopback: a real S3 server (SeaweedFS), and Azure's own emulator (Azurite).

Azurite comes from npm, by `make azurite`: what is tested in it is run by make test-long.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from deploy.ports import free_ports
from service.archive.blobs import CHUNK, PART, BadKey, BlobRefused, Blobs, BlobsAway, NoSuchBlob
from tests.azurite import Azurite
from tests.weed import PARTS, Weed, access


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    server = Weed(tmp_path_factory.mktemp("weed"), free_ports(2 * len(PARTS)))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    server = Azurite(tmp_path_factory.mktemp("azurite"), free_ports(1)[0])
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def bucket(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL to a place of the test's own, with what opens it in the environment."""
    for name, value in access(weed.endpoint).items():
        monkeypatch.setenv(name, value)
    return f"s3://photos/{uuid4().hex}"


@pytest.fixture
def container(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    """As `bucket`, in Azure."""
    for name, value in azurite.access().items():
        monkeypatch.setenv(name, value)
    return f"az://photos/{uuid4().hex}"


@pytest.fixture(params=["bucket", pytest.param("container", marks=pytest.mark.long)])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    url: str = request.getfixturevalue(request.param)
    return Blobs.open(url)


@pytest.fixture
def in_s3(bucket: str) -> Blobs:
    return Blobs.open(bucket)


async def joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def keys_of(blobs: Blobs, prefix: str = "") -> set[str]:
    return {blob.key async for blob in blobs.list(prefix)}


@pytest.mark.parametrize("key", ["jobs/a/in/1", "Größe 100%.jpg", "a%20b?c=d&e+f", "x#1", "~*|[]"])
async def test_what_was_put_is_got_listed_and_deleted(blobs: Blobs, key: str) -> None:
    began = time.time()
    await blobs.put(key, b"a photo")
    assert await blobs.get(key) == b"a photo"
    assert await blobs.size(key) == 7
    assert repr(blobs).startswith("Blobs(")
    [blob] = [blob async for blob in blobs.list()]
    assert (blob.key, blob.bytes) == (key, 7)
    assert began - 2 <= blob.modified <= time.time() + 1
    await blobs.delete([key, "never there"])
    await blobs.delete([key])
    assert await keys_of(blobs) == set()
    with pytest.raises(NoSuchBlob):
        await blobs.get(key)


async def test_a_blob_of_several_parts_is_streamed_whole_and_by_ranges(blobs: Blobs) -> None:
    data = os.urandom(CHUNK) * 20 + b"end"
    assert len(data) > 2 * PART
    await blobs.put("large", memoryview(data))
    assert await blobs.get("large") == data
    chunks = [chunk async for chunk in blobs.stream("large")]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) == CHUNK
    span = blobs.stream("large", CHUNK - 1, 3 * CHUNK + 1)
    assert await joined(span) == data[CHUNK - 1 : 3 * CHUNK + 1]
    assert await joined(blobs.stream("large", len(data) - 3, 10**9)) == b"end"


async def test_a_stream_from_the_end_or_of_nothing_is_empty(blobs: Blobs) -> None:
    await blobs.put("a", b"123")
    await blobs.put("empty", b"")
    assert await joined(blobs.stream("a", 3)) == b""
    assert await joined(blobs.stream("empty")) == b""


async def test_a_blob_that_goes_in_mid_stream_raises(blobs: Blobs) -> None:
    await blobs.put("a", bytes(2 * CHUNK))
    stream = blobs.stream("a")
    await anext(stream)
    await blobs.delete(["a"])
    with pytest.raises(NoSuchBlob):
        await anext(stream)


async def test_deleting_a_prefix_leaves_its_namesakes(blobs: Blobs) -> None:
    await asyncio.gather(*(blobs.put(f"jobs/a/in/{number}", b"x") for number in range(1030)))
    await blobs.put("jobs/ab/in/1", b"x")
    assert await blobs.delete_prefix("jobs/a/") == 1030
    assert await keys_of(blobs) == {"jobs/ab/in/1"}
    with pytest.raises(BadKey):
        await blobs.delete_prefix("")


async def test_a_link_downloads_under_the_photos_name_until_it_expires(blobs: Blobs) -> None:
    name = 'Größe "100%".jpg.png'
    await blobs.put("a", b"a photo", content_type="image/png", download_as=name)
    link = await blobs.link("a", 2, name)
    assert link is not None
    status, headers, body = await fetched(link)
    assert (status, body, headers["Content-Type"]) == (200, b"a photo", "image/png")
    assert headers["Content-Disposition"].endswith("Gr%C3%B6%C3%9Fe%20%22100%25%22.jpg.png")
    began = time.monotonic()
    while status == 200 and time.monotonic() < began + 20:
        status, _, _ = await fetched(link)
    assert status == 403
    assert (await fetched(link.partition("?")[0]))[0] in (403, 404)  # Azure denies that it is there


async def test_a_link_that_would_download_under_another_name_is_not_given(blobs: Blobs) -> None:
    await blobs.put("named", b"x", download_as="twin.png")
    await blobs.put("nameless", b"x")
    assert await blobs.link("named", 60, "a.png") is None
    assert await blobs.link("nameless", 60, "a.png") is not None
    with pytest.raises(NoSuchBlob):
        await blobs.link("missing", 60, "a.png")


async def test_a_wrong_secret_refuses_each_blob_and_fails_the_check(
    in_s3: Blobs, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_s3.put("a", b"x")
    await in_s3.check()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    stranger = Blobs.open(bucket)
    with pytest.raises(BlobRefused):
        await stranger.get("a")
    for asking in (stranger.check(), stranger.put("a", b"y"), stranger.delete(["a"])):
        with pytest.raises(BlobsAway):
            await asking
    assert await in_s3.get("a") == b"x"


async def test_a_store_that_is_away_is_told_within_seconds(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{free_ports(1)[0]}")
    blobs = Blobs.open(bucket)
    calls = [blobs.get("a"), blobs.size("a"), blobs.put("a", b"x"), blobs.put("b", bytes(2 * PART))]
    calls += [blobs.delete(["a"]), blobs.delete_prefix("a/"), blobs.check(), blobs.link("a", 9, "")]
    calls += [joined(blobs.stream("a"))]
    began = time.monotonic()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BlobsAway] * len(calls)
    assert time.monotonic() - began < 5


async def test_a_gcs_bucket_is_opened_by_its_account_and_told_to_be_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No emulator of GCS speaks the XML calls of obstore: more is not tried here."""
    account = {"gcs_base_url": f"http://127.0.0.1:{free_ports(1)[0]}", "disable_oauth": True}
    account |= {"client_email": "rialto@example.org", "private_key": "", "private_key_id": ""}
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(account))
    monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
    blobs = Blobs.open("gs://photos/rialto")
    for asking in (blobs.check(), blobs.put("a", b"x"), blobs.get("a")):
        with pytest.raises(BlobsAway):
            await asking
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", "no JSON")
    with pytest.raises(ValueError, match="gs://photos/rialto"):
        Blobs.open("gs://photos/rialto")


async def test_a_store_that_hangs_is_away_after_the_time_limit(
    weed: Weed, bucket: str, in_s3: Blobs
) -> None:
    await in_s3.put("a", b"x")
    weed.signal(signal.SIGSTOP)
    try:
        with pytest.raises(BlobsAway):
            await Blobs.open(bucket, timeout_s=0.3).put("b", b"x")
    finally:
        weed.signal(signal.SIGCONT)
    assert await in_s3.get("a") == b"x"


@pytest.mark.long
async def test_a_killed_store_loses_no_acknowledged_blob(weed: Weed, in_s3: Blobs) -> None:
    acknowledged: list[int] = []

    async def put(number: int) -> None:
        await in_s3.put(f"jobs/a/in/{number}", number.to_bytes(2) * 10_000)
        acknowledged.append(number)
        if len(acknowledged) == 300:
            weed.kill()

    outcomes = await asyncio.gather(*map(put, range(500)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {type(None), BlobsAway}
    await asyncio.to_thread(weed.start)
    for number in acknowledged:
        assert await in_s3.get(f"jobs/a/in/{number}") == number.to_bytes(2) * 10_000


async def fetched(url: str) -> tuple[int, dict[str, str], bytes]:
    def fetch() -> tuple[int, dict[str, str], bytes]:
        try:
            with urlopen(url, timeout=10) as reply:  # noqa: S310  # the server's own link
                headers = {name.title(): value for name, value in reply.headers.items()}
                return reply.status, headers, reply.read()
        except HTTPError as error:
            with error:
                return error.code, {}, b""

    return await asyncio.to_thread(fetch)
