import json
from pathlib import Path

import pytest
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

from rialto.commands.debian import Package
from rialto.commands.photos import COLLECTIONS, LARGE_PIXELS, Collection, photos, take_photos

COPYRIGHT = """\
Files: *
Copyright: 2014 KDE Visual Design Group
License: GPL-2+

Files: Path/*
Copyright: 2015, Someone Else
License: CC-BY-4.0
"""
METADATA = {"KPlugin": {"Authors": [{"Name": "Risto Saukonpää"}], "License": "LGPLv3"}}


@pytest.fixture
def package(tmp_path: Path, dandelion: Path) -> Package:
    root = tmp_path / "root"
    (root / "usr/share/doc/wallpapers").mkdir(parents=True)
    (root / "usr/share/doc/wallpapers/copyright").write_text(COPYRIGHT)
    for name, scale in (("Kite", 1), ("Path", 10)):
        folder = root / f"usr/share/wallpapers/{name}"
        (folder / "contents/images").mkdir(parents=True)
        with Image.open(dandelion) as photo:
            large = photo.resize((photo.width * scale + scale % 2, photo.height * scale))
        large.save(folder / "contents/images/2560x1600.jpg", icc_profile=b"a profile")
    metadata = root / "usr/share/wallpapers/Kite/metadata.json"
    metadata.write_text(json.dumps(METADATA))
    return Package("wallpapers", "1.0-1", root)


def collection(*names: str) -> Collection:
    end = "{}/contents/images/2560x1600.jpg"
    return Collection("wallpapers", f"usr/share/wallpapers/{end}", end, names)


def test_large_photos_are_halved_small_ones_copied_and_absent_ones_left_out(
    package: Package, tmp_path: Path
) -> None:
    rows = list(take_photos(collection("Kite", "Path", "Gone"), package, tmp_path / "out"))
    assert [row.file for row in rows] == ["wallpapers/Kite.jpg", "wallpapers/Path.jpg"]
    small, large = rows
    original = package.root / "usr/share/wallpapers/Kite/contents/images/2560x1600.jpg"
    assert (tmp_path / "out" / small.file).read_bytes() == original.read_bytes()
    assert small.changes == "none"
    with (
        Image.open(tmp_path / "out" / large.file) as halved,
        Image.open(str(original).replace("Kite", "Path")) as whole,
    ):
        assert whole.width * whole.height > LARGE_PIXELS
        assert halved.size == (whole.width // 2, whole.height // 2)
        assert halved.info["icc_profile"] == b"a profile"
        assert large.size == f"{halved.width}x{halved.height}"
    assert "halved" in large.changes


def test_who_took_a_photo_and_its_licence_come_from_beside_it_or_the_copyright_file(
    package: Package, tmp_path: Path
) -> None:
    kite, path = take_photos(collection("Kite", "Path"), package, tmp_path / "out")
    assert kite.author == "Risto Saukonpää"
    assert kite.licence == "LGPLv3 (metadata.json); GPL-2+ (copyright file)"
    assert (path.author, path.licence) == ("Someone Else", "CC-BY-4.0")
    assert (path.package, path.version) == ("wallpapers", "1.0-1")


@pytest.mark.long
def test_debians_photographs_are_gathered_with_licence_and_author_and_only_once(
    tmp_path: Path,
) -> None:
    app = Typer()
    app.command()(photos)
    first = CliRunner().invoke(app, [str(tmp_path)])
    assert first.exit_code == 0, first.stderr
    rows = [line.split("\t") for line in (tmp_path / "LICENCES.tsv").read_text().splitlines()[1:]]
    assert len(rows) == sum(len(one.names) for one in COLLECTIONS) == 36
    for file, _, _, licence, author, size, _ in rows:
        with Image.open(tmp_path / file) as photo:
            photo.load()
            assert f"{photo.width}x{photo.height}" == size
        assert licence
        assert author
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg")} == {
        row[0] for row in rows
    }
    again = CliRunner().invoke(app, [str(tmp_path)])
    assert again.stderr.count("there already") == len(COLLECTIONS)
