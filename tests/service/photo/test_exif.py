import struct
from io import BytesIO

import pytest
from PIL import Image

from service.photo.exif import renewed, resolution
from service.photo.photo import Resolution


def block(order: str, thumbnail: bytes) -> bytes:
    """EXIF with orientation 6, 72 dpi and a thumbnail, assembled by hand in either order."""
    mark = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    entries = [(0x0112, 3, 1, 6), (0x011A, 5, 1, 62), (0x011B, 5, 1, 70), (0x0128, 3, 1, 2)]
    main = struct.pack(order + "H", 4)
    for tag, kind, count, value in entries:
        short = struct.pack(order + "HH", value, 0)
        main += struct.pack(order + "HHI", tag, kind, count)
        main += short if kind == 3 else struct.pack(order + "I", value)
    main += struct.pack(order + "I", 78) + struct.pack(order + "IIII", 72, 1, 72, 1)
    second = struct.pack(order + "H", 2)
    second += struct.pack(order + "HHII", 0x0201, 4, 1, 78 + 30)
    second += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    return mark + main + second + thumbnail


@pytest.mark.parametrize("order", "<>")
def test_a_renewed_block_speaks_of_the_new_picture(order) -> None:
    old = block(order, b"thumbnail of the old picture")
    assert resolution(old) == Resolution(72 / 25.4, 72 / 25.4)
    new = renewed(old, 400, 300, Resolution(300 / 25.4, 150 / 25.4))
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + new)
    assert exif[0x0112] == 1
    assert (exif[0x011A], exif[0x011B], exif[0x0128]) == (300, 150, 2)
    assert b"thumbnail" not in new
    assert exif.get_ifd(0x0001) == {}


@pytest.mark.parametrize("order", "<>")
def test_a_block_cut_anywhere_is_renewed_or_refused(order) -> None:
    whole = block(order, b"thumbnail")
    for length in range(len(whole)):
        try:
            renewed(whole[:length], 10, 10, Resolution(1, 1))
        except ValueError:
            continue


def test_sizes_beyond_sixteen_bits_are_written_as_long(written) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA002] = 10
    new = renewed(exif.tobytes().removeprefix(b"Exif\0\0"), 70_000, 10, None)
    read = Image.Exif()
    read.load(b"Exif\0\0" + new)
    assert read.get_ifd(0x8769)[0xA002] == 70_000
    assert Image.open(BytesIO(written(Image.new("L", (8, 8)), "JPEG", exif=read))).size == (8, 8)
