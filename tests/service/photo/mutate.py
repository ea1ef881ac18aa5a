"""Damaged photos: small sound files of every format, and what can be done to their bytes."""

import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

CORPUS = Path(__file__).parent / "corpus"
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MOST_BYTES = 200_000

Mutation = Callable[[bytearray, random.Random], bytearray]


def sound_files() -> list[bytes]:
    """One small file of each kind that the decoders know."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8769)[0x9003] = "2020:01:02 03:04:05"
    kinds: list[tuple[str, str, dict[str, object]]] = [
        ("JPEG", "RGB", {"exif": exif.tobytes()}),
        ("JPEG", "RGB", {"progressive": True, "comment": b"x" * 300}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "L", {"restart_marker_blocks": 1}),
        ("PNG", "RGBA", {"exif": exif.tobytes()}),
        ("PNG", "P", {}),
        ("PNG", "I;16", {}),
        ("PNG", "1", {}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
        ("TIFF", "LA", {"exif": exif}),
        ("TIFF", "1", {"compression": "group4"}),
        ("AVIF", "RGB", {}),
    ]
    return [_file(form, mode, options) for form, mode, options in kinds]


def _file(form: str, mode: str, options: dict[str, object]) -> bytes:
    written = BytesIO()
    gradient = Image.linear_gradient("L").resize((40, 24))
    gradient.convert(mode).save(written, form, **options)
    return written.getvalue()


def _flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def _cut(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(len(data))]


def _number(data: bytearray, chance: random.Random) -> bytearray:
    """A length, size or offset replaced by one at a border."""
    width, place = chance.choice((1, 2, 4)), chance.randrange(len(data))
    value = chance.choice(INTERESTING) & (256**width - 1)
    data[place : place + width] = value.to_bytes(width, chance.choice(("big", "little")))
    return data


def _repeat(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 400)]
    return data[:start] + piece * chance.choice((2, 3, 50)) + data[start:]


def _drop(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 200) :]


def _noise(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(data))
    data[start : start + 32] = chance.randbytes(chance.randrange(1, 64))
    return data


MUTATIONS: list[Mutation] = [_flip, _cut, _number, _number, _repeat, _drop, _noise]


def damaged(seed: int) -> Iterator[bytes]:
    """Endless damaged files; the same ones for the same seed."""
    chance, files = random.Random(seed), [*sound_files(), *kept_files().values()]  # noqa: S311
    while True:
        data = bytearray(chance.choice(files))
        if chance.random() < 0.1:  # two formats in one
            data = data[: chance.randrange(len(data))] + chance.choice(files)
        for _ in range(chance.choice((1, 1, 2, 4))):
            if data:
                data = chance.choice(MUTATIONS)(data, chance)[:MOST_BYTES]
        yield bytes(data)


def kept_files() -> dict[str, bytes]:
    """Files that once broke a promise, by name."""
    return {path.name: path.read_bytes() for path in sorted(CORPUS.glob("*.bin"))}
