"""Headers of the zip format: bytes to names and sizes.

Follows PKWARE's APPNOTE.TXT 6.3.10; section numbers are its own. All numbers are little-endian.
"""

import zlib
from dataclasses import dataclass
from struct import Struct, unpack_from
from typing import Final

from service.archive.intake.refusals import EncryptedEntry, EntryFault, UnsupportedEntry
from service.archive.intake.source import Source
from service.archive.names import show_name

LOCAL: Final = b"PK\x03\x04"
DESCRIPTOR: Final = b"PK\x07\x08"
CENTRAL: Final = b"PK\x01\x02"
EXTRA_DATA: Final = b"PK\x06\x08"
SIGNATURE: Final = b"PK\x05\x05"
END_64: Final = b"PK\x06\x06"
LOCATOR_64: Final = b"PK\x06\x07"
END: Final = b"PK\x05\x06"
BEHIND_ENTRIES: Final = frozenset({CENTRAL, EXTRA_DATA, END_64, END})

STORED, DEFLATED = 0, 8
_LOCAL_HEADER: Final = Struct("<2xHH4xIIIHH")
_ENCRYPTED, _HAS_DESCRIPTOR, _PATCHED, _UTF8 = 1 << 0, 1 << 3, 1 << 5, 1 << 11
_ANY_ENCRYPTION: Final = _ENCRYPTED | 1 << 6 | 1 << 13
_IN_EXTRA: Final = 0xFFFFFFFF
_EXTRA_ZIP64, _EXTRA_UNICODE_PATH = 0x0001, 0x7075
_METHODS: Final = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}


@dataclass(frozen=True)
class LocalHeader:
    """What stands before an entry's bytes (4.3.7).

    crc, packed, size  None where only a data descriptor behind the bytes tells them
    """

    name: str
    method: int
    encrypted: bool
    described: bool
    crc: int | None
    packed: int | None
    size: int | None
    fault: EntryFault | None


async def read_local_header(source: Source) -> LocalHeader:
    """The header whose signature was just read. Raises TruncatedArchive."""
    fixed = _LOCAL_HEADER.unpack(await source.exactly(_LOCAL_HEADER.size))
    flags, method, crc, packed, size, name_bytes, extra_bytes = fixed
    raw = await source.exactly(name_bytes)
    extra = _extra_fields(await source.exactly(extra_bytes))
    name = _name_of(raw, extra, utf8=bool(flags & _UTF8))
    size, packed = _sizes_of(size, packed, extra.get(_EXTRA_ZIP64, b""))
    described = bool(flags & _HAS_DESCRIPTOR)
    encrypted = bool(flags & _ANY_ENCRYPTION)
    # Writers that cannot seek leave zeros here (4.4.4). Deflate tells its own end, which is surer;
    # Info-ZIP writes the size before encryption.
    later = described and (packed == 0 or method == DEFLATED or encrypted)
    return LocalHeader(
        name=name,
        method=method,
        encrypted=encrypted,
        described=described,
        crc=None if described else crc,
        packed=None if later else packed,
        size=None if later else size,
        fault=_fault_of(name, method, encrypted=encrypted, patched=bool(flags & _PATCHED)),
    )


def descriptor_length(ahead: bytes, crc: int | None, packed: int, size: int | None) -> int | None:
    """Bytes of the data descriptor (4.3.9) that `ahead` begins with; None where it does not fit.

    crc, size  None where they are not known, as of encrypted bytes

    Its form is written nowhere: with or without signature, numbers of 4 or 8 bytes. The longest
    that fits, and that is followed by a header, is taken, as Info-ZIP does.
    """
    for signature in (DESCRIPTOR, b""):
        for numbers in ("<IQQ", "<III"):
            start, length = len(signature), Struct(numbers).size + len(signature)
            follows = ahead[length : length + 4]
            if not ahead.startswith(signature) or len(ahead) < length + 4:
                continue
            its_crc, its_packed, its_size = unpack_from(numbers, ahead, start)
            if (
                its_packed == packed
                and crc in (None, its_crc)
                and size in (None, its_size)
                and (follows == LOCAL or follows in BEHIND_ENTRIES)
            ):
                return length
    return None


def _fault_of(name: str, method: int, *, encrypted: bool, patched: bool) -> EntryFault | None:
    if encrypted:
        return EncryptedEntry(
            f"{show_name(name)!r} is encrypted. Send the archive without a password."
        )
    if method not in (STORED, DEFLATED) or patched:
        how = _METHODS.get(method, f"method {method}")
        return UnsupportedEntry(
            f"{show_name(name)!r} is packed by {how}. Pack it by Deflate, or not at all."
        )
    return None


def _sizes_of(size: int, packed: int, zip64: bytes) -> tuple[int, int]:
    """Sizes from the zip64 field (4.5.3) where the header has no room for them."""
    at = 0
    if size == _IN_EXTRA and len(zip64) >= at + 8:
        (size,) = unpack_from("<Q", zip64, at)
        at += 8
    if packed == _IN_EXTRA and len(zip64) >= at + 8:
        (packed,) = unpack_from("<Q", zip64, at)
    return size, packed


def _name_of(raw: bytes, extra: dict[int, bytes], *, utf8: bool) -> str:
    """The name in Unicode, by flag, by Info-ZIP's field, or as it looks; else cp437 (appendix D).

    macOS writes UTF-8 without the flag; text in cp437 is hardly ever valid UTF-8 by chance.
    Windows tools that write backslashes offend 4.4.17.1, which asks for slashes: mended.
    """
    field = extra.get(_EXTRA_UNICODE_PATH, b"")
    if len(field) > 5 and field[0] == 1 and field[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        raw, utf8 = field[5:], True
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        # Half a surrogate pair stays, by which clean_name refuses it.
        name = raw.decode("utf-8", "surrogateescape") if utf8 else raw.decode("cp437")
    return name.replace("\\", "/")


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = unpack_from("<HH", extra, at)
        fields.setdefault(kind, extra[at + 4 : at + 4 + length])
        at += 4 + length
    return fields
