"""A manifest to the photos it names: CSV with a header, or a JSON object a line (JSONL).

Both have `name`, what the photo is called in the job, `key`, where it lies below the job's source,
and perhaps `sha256`. A bad line is skipped and told by its number; the others are taken.
"""

import csv
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Literal

from service.archive.intake.entries import NamesSeen, Skipped
from service.archive.intake.refusals import BadLine, BadManifest, EntryFault, TooManyEntries
from service.archive.names import BadName, clean_name

ManifestKind = Literal["csv", "jsonl"]

MOST_LINE_BYTES: Final = 8 * 2**10
MOST_LINES: Final = 1_000_000
_MOST_KEY_BYTES: Final = 1024  # what object stores hold
_FIELDS: Final = ("name", "key", "sha256")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_NOT_IN_KEYS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|(^|/)\.{0,2}(/|$)")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """A photo that lies in a bucket: its clean name, its key below the source, its checksum."""

    name: str
    key: str
    sha256: str | None


async def manifest(
    stream: AsyncIterator[bytes], kind: ManifestKind, *, most_lines: int = MOST_LINES
) -> AsyncIterator[ManifestLine | Skipped]:
    """The lines of a manifest in UTF-8, with or without a byte order mark; blank ones are none.

    CSV may part its fields by comma, semicolon or tab, as its header does.
    Raises BadManifest where no line can be read, and TooManyEntries.
    """
    parse: Callable[[str], dict[str, str]] | None = _json_fields if kind == "jsonl" else None
    names = NamesSeen()
    number = 0
    async for line_as_sent in _lines(stream):
        number += 1
        raw = _without_mark(line_as_sent) if number == 1 else line_as_sent
        if raw is not None and not raw.strip():
            continue
        if parse is None:
            parse = _csv_fields(raw)
            continue
        if number > most_lines + 1:
            raise TooManyEntries(
                f"The manifest has more than {most_lines} lines. Photos before that line are in"
                " the job; send the others in another manifest."
            )
        try:
            line = _line_of(raw, parse)
            names.check(line.name)
            names.add(line.name)
        except (EntryFault, BadName) as fault:
            yield Skipped(f"line {number}", fault.slug, f"Line {number}: {fault.detail}")
        else:
            yield line
    if parse is None:
        raise BadManifest("The manifest is empty. Its first line must be name,key or so.")


def _line_of(raw: bytes | None, parse: Callable[[str], dict[str, str]]) -> ManifestLine:
    """Raises BadLine, BadName."""
    if raw is None:
        raise BadLine(f"It is longer than {MOST_LINE_BYTES} bytes. Is a quote missing?")
    try:
        fields = parse(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadLine("It is not in UTF-8. Save the manifest as UTF-8.") from error
    key, sha256 = fields["key"], fields.get("sha256") or None
    if _NOT_IN_KEYS.search(key) or len(key.encode()) > _MOST_KEY_BYTES:
        raise BadLine(
            "Its key is no path below the source. Write it without a bucket, without a leading /"
            f" and without .. in it, in at most {_MOST_KEY_BYTES} bytes."
        )
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise BadLine("Its sha256 is not 64 hexadecimal digits. Correct it, or leave it out.")
    return ManifestLine(clean_name(fields["name"]), key, sha256 and sha256.lower())


def _json_fields(line: str) -> dict[str, str]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"It is no JSON ({error}). Write one object a line.") from error
    if not isinstance(fields, dict) or not {"name", "key"} <= fields.keys() <= set(_FIELDS):
        raise BadLine('It must be an object of "name", "key" and perhaps "sha256".')
    if fields.get("sha256", "") is None:
        del fields["sha256"]
    if not all(isinstance(value, str) for value in fields.values()):
        raise BadLine("Its values must be strings.")
    return fields


def _csv_fields(header: bytes | None) -> Callable[[str], dict[str, str]]:
    """How to read a line below this header. Raises BadManifest."""
    text = (header or b"").decode("utf-8", "replace")
    delimiter = max(",;\t", key=text.count)
    try:
        names = [name.strip().lower() for name in _csv_row(text, delimiter)]
    except BadLine:
        names = []
    if len(set(names)) < len(names) or not {"name", "key"} <= set(names) <= set(_FIELDS):
        raise BadManifest(
            "The first line of a CSV manifest must be name,key or name,key,sha256, in any order,"
            " in UTF-8."
        )

    def fields(line: str) -> dict[str, str]:
        row = _csv_row(line, delimiter)
        if len(row) != len(names):
            raise BadLine(f"It has {len(row)} fields, the header has {len(names)}.")
        return dict(zip(names, row, strict=True))

    return fields


def _csv_row(line: str, delimiter: str) -> list[str]:
    try:
        [row] = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError) as error:
        raise BadLine(f"Its quotes cannot be read ({error}). Double a quote inside.") from error
    return row


async def _lines(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """Lines without their ends; None for one that is too long, of which no more is kept."""
    rest: bytes = b""
    too_long = False
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield None if too_long or len(line) > MOST_LINE_BYTES else line.rstrip(b"\r")
            too_long = False
        if len(rest) > MOST_LINE_BYTES:
            rest, too_long = b"", True
    if rest or too_long:
        yield None if too_long else rest.rstrip(b"\r")


def _without_mark(raw: bytes | None) -> bytes | None:
    if raw is None:
        return None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadManifest("The manifest is in UTF-16. Save it as UTF-8 (Excel: CSV UTF-8).")
    return raw.removeprefix(b"\xef\xbb\xbf")
