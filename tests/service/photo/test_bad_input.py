"""Every bad photo of the list that began this service: a problem of one kind, and life goes on."""

import asyncio
import os
import signal
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from multiprocessing import active_children

import numpy as np
import pytest
import pyvips
from PIL import Image

from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.photo.refusals import DecodeMemory, DecoderDied, DecodeTimeout
from service.problems import Problem


def file(form: str, image: Image.Image | None = None, **options) -> bytes:
    picture = image or Image.effect_noise((300, 200), 60).convert("RGB")
    written = BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(width: int, height: int, pixels: bytes, *more: bytes) -> bytes:
    """An 8-bit RGB PNG of compressed `pixels`, with more chunks before them."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rest = [head, *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(rest)


def bomb(megabytes: int) -> bytes:
    """Zeros, a thousand to a byte."""
    packer = zlib.compressobj(9)
    block = bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def cut(data: bytes, share: float = 0.6) -> bytes:
    return data[: int(len(data) * share)]


def animated(form: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    return file(form, frames[0], save_all=True, append_images=frames[1:], duration=100)


def samples(kind: str) -> bytes:
    return pyvips.Image.black(20, 20, bands=3).cast(kind).tiffsave_buffer()


BAD: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "an empty body": (lambda: b"", 422, "empty-body"),
    "HTML": (lambda: b"<!DOCTYPE html><title>404</title>", 415, "not-a-photo"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "not-a-photo"),
    "JSON": (lambda: b'{"image": "aGVsbG8="}', 415, "not-a-photo"),
    "a PDF": (lambda: b"%PDF-1.7\n", 415, "not-a-photo"),
    "a still GIF": (lambda: file("GIF"), 415, "not-a-photo"),
    "an animated GIF": (lambda: animated("GIF"), 415, "not-a-photo"),
    "an animated WebP": (lambda: animated("WEBP"), 422, "too-many-frames"),
    "an animated PNG": (lambda: animated("PNG"), 422, "too-many-frames"),
    "an AVIF sequence": (lambda: animated("AVIF"), 422, "too-many-frames"),
    "a TIFF of two pages": (lambda: animated("TIFF"), 422, "too-many-frames"),
    "a cut JPEG": (lambda: cut(file("JPEG")), 422, "broken-photo"),
    "a cut progressive JPEG": (lambda: cut(file("JPEG", progressive=True)), 422, "broken-photo"),
    "a cut PNG": (lambda: cut(file("PNG")), 422, "broken-photo"),
    "a cut WebP": (lambda: cut(file("WEBP")), 422, "broken-photo"),
    "a cut AVIF": (lambda: cut(file("AVIF")), 422, "broken-photo"),
    "a cut TIFF": (lambda: cut(file("TIFF")), 422, "broken-photo"),
    "a cut LZW TIFF": (lambda: cut(file("TIFF", compression="tiff_lzw")), 422, "broken-photo"),
    "a PNG without pixels": (lambda: b"\x89PNG\r\n\x1a\n", 422, "broken-photo"),
    "a JPEG without pixels": (lambda: b"\xff\xd8\xff\xd9", 422, "broken-photo"),
    "a huge PNG header": (lambda: png(65_500, 65_500, b""), 413, "too-many-pixels"),
    "a PNG zip bomb": (lambda: png(20_000, 20_000, bomb(64)), 413, "too-many-pixels"),
    "float samples": (lambda: samples("float"), 422, "unsupported-colour"),
    "32-bit samples": (lambda: samples("uint"), 422, "unsupported-colour"),
    "signed samples": (lambda: samples("short"), 422, "unsupported-colour"),
    "HDR by code points": (
        lambda: png(1, 1, zlib.compress(bytes(4)), chunk(b"cICP", bytes((9, 16, 0, 1)))),
        422,
        "unsupported-colour",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_photo_gets_its_problem_and_the_next_photo_is_decoded(
    codec, shared_pages, name
) -> None:
    make, status, slug = BAD[name]
    before = shared_pages()
    with pytest.raises(Problem) as caught:
        await codec.decode(make())
    assert (caught.value.status, caught.value.slug) == (status, slug)
    assert caught.value.detail.endswith(".")
    assert shared_pages() == before
    assert (await codec.decode(file("JPEG"))).width == 300


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
async def test_a_bomb_beside_the_pixels_is_left_unread(codec, kind) -> None:
    head = {b"zTXt": b"Comment\0\0", b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0", b"iCCP": b"icc\0\0"}
    data = png(4, 2, zlib.compress(bytes(26)), chunk(kind, head[kind] + bomb(200)))
    photo = await codec.decode(data)
    assert photo.pixels.shape == (2, 4, 3)
    assert sum(len(part or b"") for part in (photo.icc, photo.xmp)) < 2**24


async def test_pixels_that_go_on_beyond_the_picture_are_left_unread(codec) -> None:
    photo = await codec.decode(png(4, 2, bomb(200)))
    assert photo.pixels.shape == (2, 4, 3)


@pytest.fixture(scope="module")
def slow_photo() -> bytes:
    """An AVIF of noise that takes a second or more to decode."""
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2000, 3), np.uint8)
    image = pyvips.Image.new_from_array(noise).copy(interpretation="srgb")
    return image.heifsave_buffer(compression="av1", Q=95, effort=0)


async def at_work(child: int) -> None:
    """Return as soon as a child has opened the pages of a photo."""
    async with asyncio.timeout(10):
        # Another process gives no event for this; nothing is waited for but the scheduler.
        while not any("rialto-photo" in link for link in open_files(child)):  # noqa: ASYNC110
            await asyncio.sleep(0)


def open_files(process: int) -> list[str]:
    found = []
    for number in os.listdir(f"/proc/{process}/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{process}/fd/{number}"))
    return found


async def test_a_photo_past_its_time_is_refused_and_nothing_is_left(
    shared_pages, slow_photo
) -> None:
    before = shared_pages()
    codec = Codec(CodecLimits(decode_timeout_s=0.2, processes=1))
    await codec.start()
    with pytest.raises(DecodeTimeout, match=r"0\.2 seconds"):
        await codec.decode(slow_photo)
    assert shared_pages() == before
    assert (await codec.decode(file("JPEG"))).width == 300
    await codec.close()


@pytest.mark.parametrize(
    ("saver", "options"),
    [
        ("pngsave_buffer", {"interlace": True, "compression": 1}),
        ("jpegsave_buffer", {"interlace": True, "subsample_mode": "off"}),
        ("webpsave_buffer", {"effort": 0}),
    ],
)
async def test_a_photo_past_its_memory_is_refused_and_the_next_one_is_decoded(
    saver, options
) -> None:
    # 36 megapixels that stand in memory whole, 108 MB or more, in what 300 MiB leave free.
    wide = pyvips.Image.black(6000, 6000, bands=3).copy(interpretation="srgb")
    codec = Codec(CodecLimits(child_memory_bytes=300 * 2**20, processes=1))
    await codec.start()
    with pytest.raises(DecodeMemory):
        await codec.decode(getattr(wide, saver)(**options))
    assert (await codec.decode(file("JPEG"))).width == 300
    await codec.close()


async def test_a_decoder_killed_at_work_is_a_problem_of_that_photo_alone(
    shared_pages, slow_photo
) -> None:
    before = shared_pages()
    codec = Codec(CodecLimits(processes=1))
    others = {child.pid for child in active_children()}
    await codec.start()
    (child,) = (child for child in active_children() if child.pid not in others)
    decoding = asyncio.create_task(codec.decode(slow_photo))
    await at_work(child.pid)
    child.kill()
    with pytest.raises(DecoderDied):
        await decoding
    assert child.exitcode == -signal.SIGKILL
    del decoding
    assert shared_pages() == before
    assert (await codec.decode(file("JPEG"))).width == 300
    await codec.close()


async def test_a_cancelled_decoding_leaves_nothing(codec, shared_pages, slow_photo) -> None:
    before = shared_pages()
    decoding = asyncio.create_task(codec.decode(slow_photo))
    await asyncio.sleep(0)
    decoding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await decoding
    del decoding
    assert shared_pages() == before
    assert (await codec.decode(file("JPEG"))).width == 300
