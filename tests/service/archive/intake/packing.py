"""Archives for tests, made by the standard library, and what intake makes of them."""

import io
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Final

from service.archive.intake import Entry, IntakeLimits, Skipped, entries
from service.archive.intake.entries import ArchiveKind
from service.problems import Problem

MIB: Final = 2**20
ROOMY: Final = IntakeLimits(MIB, 1000, 256 * MIB, 100)
Files = Sequence[tuple[str, bytes]]
Taken = tuple[list[Entry | Skipped], Problem | None]


class Pipe(io.RawIOBase):
    """Bytes written by a writer that cannot seek."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += data  # type: ignore[operator]
        return len(data)  # type: ignore[arg-type]


def zip_of(files: Files, method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """streamed: sizes and checksums stand behind the bytes, in data descriptors."""
    out = Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:  # type: ignore[arg-type]
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return bytes(out.data) if isinstance(out, Pipe) else out.getvalue()


def tar_of(files: Files, mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """mode: w, w:gz, w:bz2 or w:xz."""
    return tar_with([member(name, len(data)) for name, data in files], dict(files), mode, form)


def tar_with(
    members: Iterable[tarfile.TarInfo],
    contents: dict[str, bytes],
    mode: str = "w",
    form: int = tarfile.PAX_FORMAT,
) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for info in members:
            data = contents.get(info.name)
            archive.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info


async def chunked(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def take(
    data: bytes | AsyncIterator[bytes],
    kind: ArchiveKind,
    limits: IntakeLimits = ROOMY,
    chunk: int = 64 * 1024,
) -> Taken:
    """All that was delivered, and the Problem that ended the stream."""
    stream = chunked(data, chunk) if isinstance(data, bytes) else data
    found: list[Entry | Skipped] = []
    try:
        async for entry in entries(stream, kind, limits):
            found.append(entry)
    except Problem as problem:
        return found, problem
    return found, None


def told(taken: Taken) -> list[str]:
    """Names of photos, slugs of skipped entries, and the slug of the end in brackets."""
    found, problem = taken
    names = [entry.name if isinstance(entry, Entry) else entry.slug for entry in found]
    return names if problem is None else [*names, f"[{problem.slug}]"]


def photos(taken: Taken) -> list[tuple[str, bytes]]:
    return [(entry.name, bytes(entry.data)) for entry in taken[0] if isinstance(entry, Entry)]


def limits(**changed: float) -> IntakeLimits:
    return replace(ROOMY, **changed)  # type: ignore[arg-type]
