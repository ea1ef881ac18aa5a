"""Names of photos: what a caller calls a photo, to the path that its results are written under.

A clean name is relative, `/` between folders, in Unicode's form NFC, and names the same one file
inside whatever folder it is written to, on Linux, macOS and Windows. Names keep their folders and
their suffix; no two accepted photos of a job write the same file.
"""

import re
import unicodedata
from typing import Final

from service.archive.records import JobSpec, OutputSpec
from service.photo.formats import FORMATS, Format
from service.problems import Problem

# What file systems (255) and object stores (1024) hold, less what an output's name adds to it:
# ".webp" at the end, a label of 32 letters and "/" in front.
MOST_PART_BYTES: Final = 250
MOST_NAME_BYTES: Final = 900
_OUTPUT_PART_BYTES: Final = MOST_PART_BYTES + 5
_OUTPUT_NAME_BYTES: Final = MOST_NAME_BYTES + 5 + 33

_SUFFIXES: Final[dict[Format, frozenset[str]]] = {
    "jpeg": frozenset({"jpg", "jpeg", "jpe"}),
    "png": frozenset({"png"}),
    "webp": frozenset({"webp"}),
    "tiff": frozenset({"tif", "tiff"}),
    "avif": frozenset({"avif"}),
}

# Control characters, halves of surrogate pairs, and what ends a line of a manifest.
_UNWRITABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*([.:].*)?", re.IGNORECASE | re.DOTALL
)
_SLASH: Final = re.compile("/")
_DOTS_OF_FOLDERS: Final = re.compile(r"\.+(?=/)")


class BadName(Problem):
    """A name that cannot be written as a file inside every folder."""

    status = 422
    slug = "bad-name"
    title = "The name cannot be a photo's name"


def clean_name(raw: str, *, of_output: bool = False) -> str:
    """The name in NFC, without empty and `.` parts; cleaning a clean name changes nothing.

    of_output  `raw` is a result's name: as long as `output_name` may make one

    Raises BadName for all that would leave the folder, name no file, or name another file
    on another system: absolute paths, `..`, backslashes, drives, devices, control characters.
    """
    if _UNWRITABLE.search(raw):
        raise _bad(raw, "holds control characters or is no Unicode text. Rename it")
    name = unicodedata.normalize("NFC", raw)
    if name.startswith("/"):
        raise _bad(raw, "is an absolute path. Send it relative to the archive's folder")
    if "\\" in name:
        raise _bad(raw, "holds a backslash. Write / between folders")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or name.endswith(("/", "/.")):
        raise _bad(raw, "names a folder or nothing. A name ends in a file's name")
    for part in parts:
        _check_part(raw, part, _OUTPUT_PART_BYTES if of_output else MOST_PART_BYTES)
    if parts[-1].endswith("."):
        raise _bad(raw, "ends in a dot, which Windows drops. Rename it")
    name = "/".join(parts)
    most = _OUTPUT_NAME_BYTES if of_output else MOST_NAME_BYTES
    if len(name) * 4 > most and len(bag_name(name).encode()) > most:
        raise _bad(raw, f"is longer than {most} bytes. Shorten its folders' names")
    return name


def fold(name: str) -> str:
    """What is equal for names that some file system, or a bag, holds for one.

    By case, Unicode form, dots, and `bag_name`.

    Canonical caseless matching (Unicode 3.13, D145); Windows drops dots at a folder's end.
    """
    if name.isascii():
        folded = name.lower()
    else:
        folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
        folded = unicodedata.normalize("NFC", folded)
    folded = _DOTS_OF_FOLDERS.sub("", folded) if "./" in folded else folded
    return bag_name(folded)


def output_name(name: str, spec: OutputSpec, *, several: bool) -> str:
    """Where the output `spec` of the photo `name` is written.

    The name stays where the format does ("scan.JPG" to jpeg), else a suffix is put behind it
    ("scan.jpg" to png is "scan.jpg.png"). Where a job has several outputs, each is in the folder
    of its label.
    """
    if not _keeps(name, spec.format):
        name = f"{name}.{_suffix(spec.format)}"
    return f"{spec.label}/{name}" if several else name


def bag_name(name: str) -> str:
    """What a result is called in a bag: with `％` (U+FF05) for `%`.

    BagIt has a manifest write % as %25 (RFC 8493, 2.1.3), and bagit-python up to 1.9 looks for a
    file called %25 then (its issue 157). No photo of the job is called so already: see `fold`.
    """
    return name.replace("%", "％")


def rivals(name: str, spec: JobSpec) -> tuple[str, ...]:
    """Folded names of other photos, and with "/" behind them of folders, that exclude this one.

    A photo is one where it would write the same file ("a.jpg" and "a.jpg.png", to png), or one
    that lies where this one needs a folder ("1920" and "1920/scan"); a folder is one where this
    photo's result would be a file of its name.
    """
    me, found = fold(name), dict[str, None]()
    folders = folders_of(me)
    for form in {output.format: None for output in spec.outputs}:
        file = me if _keeps(name, form) else f"{me}.{_suffix(form)}"
        found[f"{file}/"] = None
        for path in (file, *folders):
            found.update(dict.fromkeys(_writers(path, form)))
    found.pop(me, None)
    return tuple(found)


def folders_of(name: str) -> tuple[str, ...]:
    """The folders that a name lies in: "a/b/c" is in "a" and in "a/b"."""
    return tuple(name[: match.start()] for match in _SLASH.finditer(name))


def _writers(path: str, form: Format | None) -> list[str]:
    """Folded names of the photos whose result in `form` is `path`, itself folded: two at most."""
    stem, _, suffix = path.rpartition(".")
    writers = [path] if _keeps(path, form) else []
    bare = form is not None and suffix == _suffix(form) and stem.rpartition("/")[2] != ""
    return [*writers, stem] if bare and not _keeps(stem, form) else writers


def show_name(raw: str) -> str:
    """Any name as printable text of at most 200 characters, for messages."""
    shown = _UNWRITABLE.sub(lambda found: ascii(found[0])[1:-1], raw[:200])
    return shown if len(raw) <= 200 and len(shown) <= 200 else f"{shown[:199]}…"


def _check_part(raw: str, part: str, most: int) -> None:
    if not part.strip(". "):
        raise _bad(raw, "leaves its folder or is made of dots. Send names without ..")
    if part[-1].isspace():
        raise _bad(raw, "has a blank at the end of a part, which Windows drops. Rename it")
    if part[1:2] == ":":
        raise _bad(raw, "begins like a Windows drive. Send it relative to the archive's folder")
    if _DEVICE.fullmatch(part):
        raise _bad(raw, f"has the part {part!r}, which is a device on Windows. Rename it")
    if len(part) * 4 > most and len(bag_name(part).encode()) > most:
        raise _bad(raw, f"has a part longer than {most} bytes. Shorten it")


def _keeps(name: str, form: Format | None) -> bool:
    # On the folded name, so that names which fold alike have outputs which fold alike.
    stem, _, suffix = fold(name).rpartition("/")[2].rpartition(".")
    return form is None or (stem != "" and suffix in _SUFFIXES[form])


def _suffix(form: Format | None) -> str:
    return FORMATS[form].extension if form is not None else ""


def _bad(raw: str, why: str) -> BadName:
    return BadName(f"{show_name(raw)!r} {why}.")
