"""A photo or a folder of photos becomes pairs: this photo, that file, in that format.

All names are known before the first photo is sent, so a second run sees what is done, and
nothing is restored that could not be written.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rialto.choices import FORMAT_OF_SUFFIX, SUFFIX, FormatName

PHOTO_SUFFIXES = frozenset({*FORMAT_OF_SUFFIX, ".heic", ".heif"})
KNOWN = ", ".join(sorted(FORMAT_OF_SUFFIX))


@dataclass(frozen=True)
class Pair:
    """A photo, the file its restoration goes to, and that file's format."""

    source: Path
    output: Path
    format: FormatName


def pair_up(source: Path, target: Path, format: FormatName | None) -> list[Pair]:  # noqa: A002
    """Pairs for a photo (to a file or into a folder) or for a folder (to a folder).

    A folder keeps its sub-folders and names; where two photos would get one name, as
    `a.png` and `a.jpg` do with format webp, both keep their old suffix too: `a.png.webp`.
    Raises ValueError, in words for a person, where OUT does not fit IN.
    """
    pairs = _folder(source, target, format) if source.is_dir() else [_file(source, target, format)]
    originals = {pair.source.resolve() for pair in pairs}
    for pair in pairs:
        if pair.output.resolve() in originals:
            raise ValueError(f"{pair.output} is an original, and originals are never replaced")
    return pairs


def _file(source: Path, target: Path, wanted: FormatName | None) -> Pair:
    if target.is_dir():
        name = wanted or _own_format(source)
        return Pair(source, target / _renamed(source, name), name)
    said = FORMAT_OF_SUFFIX.get(target.suffix.lower())
    if said is None and wanted is None:
        raise ValueError(f"OUT says no format by its suffix ({KNOWN}); give one, or --format")
    if said is not None and wanted not in {None, said}:
        raise ValueError(f"OUT ends in {target.suffix}, but --format is {wanted}")
    return Pair(source, target, wanted or said or "png")


def _folder(source: Path, target: Path, wanted: FormatName | None) -> list[Pair]:
    if target.exists() and not target.is_dir():
        raise ValueError(f"IN is a folder, so OUT must be one too, and {target} is a file")
    if target.resolve() == source.resolve():
        raise ValueError("OUT is the same folder as IN; the originals would be replaced")
    photos = photos_in(source, except_in=target)
    if not photos:
        raise ValueError(f"no photo ({', '.join(sorted(PHOTO_SUFFIXES))}) lies in {source}")
    named = [(photo, wanted or _own_format(photo)) for photo in photos]
    outputs = [photo.with_name(_renamed(photo, name)) for photo, name in named]
    # Names that differ in case alone are one file on some disks.
    taken = Counter(_folded(output) for output in outputs)
    pairs = []
    for (photo, name), output in zip(named, outputs, strict=True):
        clash = taken[_folded(output)] > 1 and output.name != photo.name
        file = photo.with_name(photo.name + SUFFIX[name]) if clash else output
        pairs.append(Pair(photo, target / file.relative_to(source), name))
    twice = [file for file, n in Counter(_folded(pair.output) for pair in pairs).items() if n > 1]
    if twice:
        raise ValueError(f"two photos would be written to {twice[0]}; rename one of them")
    return pairs


def photos_in(folder: Path, except_in: Path) -> list[Path]:
    """The photos under a folder, by suffix, sorted; nothing hidden, nothing in `except_in`."""
    left_out = except_in.resolve()
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in PHOTO_SUFFIXES
        and not _hidden(file.relative_to(folder).parts)
        and left_out not in file.resolve().parents
        and file.is_file()
    )


def _own_format(photo: Path) -> FormatName:
    # Of what can be read, only HEIC cannot be written; PNG keeps its depth and alpha.
    return FORMAT_OF_SUFFIX.get(photo.suffix.lower(), "png")


def _renamed(photo: Path, name: FormatName) -> str:
    same = FORMAT_OF_SUFFIX.get(photo.suffix.lower()) == name
    return photo.name if same else photo.stem + SUFFIX[name]


def _folded(path: Path) -> str:
    return str(path).casefold()


def _hidden(parts: Iterable[str]) -> bool:
    return any(part.startswith(".") for part in parts)
