"""The excerpts are from the copyright files of lomiri-wallpapers-16.04 and mate-backgrounds."""

from pathlib import Path

import pytest

from rialto.commands.debian import (
    PackageUnavailableError,
    Statement,
    fetch_package,
    statement_for,
    statements,
)

EXCERPT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: mate-backgrounds

Files: *
Copyright: *No copyright*
License: GPL-2+
Comment:
 Assuming license from COPYING.

Files: 16.04/Bridge_by_Sander_Klootwijk.jpg
Copyright: 2018. Sander Klootwijk
License: CC-BY-SA-4.0

Files: 16.04/Picture_0B_by_freespace.jpg
Copyright: Trevor "Freespace", 2018
License: CC-BY-4.0

Files: nature/Aqua.jpg
 nature/Garden.jpg
Copyright: 2008, Charles Barbin <barbinch@free.fr>\u00b4
License: GPL-2+

Files: nature/Blinds.jpg
Copyright: 2008, Lennart Poettering <mztabzr@0pointer.de>
           2008, Andrea Cimitan
License: GPL-2+

Files: debian/*
Copyright: 2011-2014, Stefano Karapetsas <stefano@karapetsas.com>
License: GPL-2+

License: CC-BY-SA-4.0
 Creative Commons Attribution-ShareAlike 4.0 International
 .
 Files: this is a line of the licence, not a field
"""


@pytest.mark.parametrize(
    ("path", "licence", "authors"),
    [
        ("16.04/Bridge_by_Sander_Klootwijk.jpg", "CC-BY-SA-4.0", ("Sander Klootwijk",)),
        ("16.04/Picture_0B_by_freespace.jpg", "CC-BY-4.0", ("Trevor 'Freespace'",)),
        ("nature/Garden.jpg", "GPL-2+", ("Charles Barbin",)),
        ("nature/Blinds.jpg", "GPL-2+", ("Lennart Poettering", "Andrea Cimitan")),
        ("debian/rules", "GPL-2+", ("Stefano Karapetsas",)),
        ("nature/Other.jpg", "GPL-2+", ("*No copyright*",)),
    ],
)
def test_the_last_paragraph_that_matches_a_file_speaks_for_it(
    path: str, licence: str, authors: tuple[str, ...]
) -> None:
    said = statement_for(path, statements(EXCERPT))
    assert (said.licence, said.authors) == (licence, authors)


def test_of_a_file_that_no_paragraph_matches_nothing_is_stated() -> None:
    assert statement_for("a.jpg", statements(EXCERPT)[1:]) == Statement((), "", ())


def test_where_there_is_no_debian_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageUnavailableError, match="--photos FOLDER"):
        fetch_package("mate-backgrounds", tmp_path / "work")
