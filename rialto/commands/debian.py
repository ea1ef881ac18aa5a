"""A Debian package becomes its files, and its copyright file becomes who may say what of them.

Only `apt-get download` and `dpkg-deb` are used: nothing is installed, no root is needed.
The copyright format is the machine-readable one (DEP-5); of the paragraphs that match a
file, the last one speaks.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


class PackageUnavailableError(Exception):
    """The package could not be had; the text says what a person can do about it."""


@dataclass(frozen=True)
class Package:
    """An unpacked package: its files lie under `root`."""

    name: str
    version: str
    root: Path

    def copyright_text(self) -> str:
        """The package's copyright file."""
        return (self.root / "usr/share/doc" / self.name / "copyright").read_text("utf-8")


@dataclass(frozen=True)
class Statement:
    """What one paragraph of a copyright file states of the files that match `patterns`."""

    patterns: tuple[str, ...]
    licence: str
    authors: tuple[str, ...]


def fetch_package(name: str, folder: Path) -> Package:
    """Download a package into `folder` and unpack it there.

    Raises PackageUnavailableError where this is no Debian or the package is not found.
    """
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise PackageUnavailableError(
            "apt-get and dpkg-deb are not here, so this is no Debian; train on a folder of your "
            "own photographs instead (rialto train … --photos FOLDER)"
        )
    folder.mkdir(parents=True)
    _run([apt, "download", name], folder, f"apt-get update (as root) may help {name} be found")
    (deb,) = folder.glob("*.deb")
    root = folder / "root"
    _run([dpkg, "-x", str(deb), str(root)], folder, f"{deb.name} cannot be unpacked")
    version = _run([dpkg, "-f", str(deb), "Version"], folder, f"{deb.name} cannot be read")
    return Package(name, version.strip(), root)


def statements(copyright_text: str) -> list[Statement]:
    """The paragraphs about files, in their order."""
    found = []
    for paragraph in re.split(r"\n\s*\n", copyright_text):
        fields = _fields(paragraph)
        if "files" in fields:
            licence = fields.get("license", "").partition("\n")[0].strip()
            authors = [_name(line) for line in fields.get("copyright", "").splitlines()]
            patterns = tuple(fields["files"].split())
            found.append(Statement(patterns, licence, tuple(filter(None, authors))))
    return found


def statement_for(path: str, stated: list[Statement]) -> Statement:
    """What is stated of the file at `path` of the source package; empty where nothing is."""
    for statement in reversed(stated):
        if any(fnmatchcase(path, pattern) for pattern in statement.patterns):
            return statement
    return Statement((), "", ())


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
        elif not line.startswith("#"):
            name, _, value = line.partition(":")
            name = name.lower()
            fields[name] = value.strip()
    return fields


def _name(line: str) -> str:
    """`2008, Jane Roe <jane@example.org>` as `Jane Roe`: no years, no address."""
    years = r"(?:\d{4}(?:\s*-\s*\d{4})?[\s,.]*)+"
    bare = re.sub(r"<[^>]*>\S*", "", line).replace('"', "'")  # a TSV field stays unquoted
    return re.sub(rf"^\s*(?:©|\(c\))?\s*{years}|[\s,]*{years}$", "", bare).strip(" ,")


def _run(command: list[str], folder: Path, advice: str) -> str:
    done = subprocess.run(  # noqa: S603 -- fixed programs, names from our own table
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        cause = said[-1] if said else f"exit code {done.returncode}"
        raise PackageUnavailableError(f"{cause}; {advice}")
    return done.stdout
