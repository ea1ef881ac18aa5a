import ntpath
import posixpath
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.archive.names import (
    MOST_NAME_BYTES,
    BadName,
    clean_name,
    fold,
    folders_of,
    output_name,
    rivals,
    show_name,
)
from service.archive.records import JobSpec, OutputSpec

PNG = OutputSpec(task="sr", format="png")
JPEG = OutputSpec(task="sr", format="jpeg")
TIFF = OutputSpec(task="sr", format="tiff")
OWN = OutputSpec(task="sr", format=None)

# Few letters, so that names which nearly collide are common.
LETTERS = [*"aAéE.jpgPNG/\\:~ -cON1²%％", "\u0301", "\u0345", "ß", "ſ", "ﬀ", "K", "ᾳ"]
RAW = st.text(st.sampled_from(LETTERS), max_size=14)
TREES = st.lists(
    st.lists(st.sampled_from(["a", "A", "ä", "a\u0308", "x.", "b.JPG"]), min_size=1, max_size=2)
    .map("/".join)
    .flatmap(
        lambda stem: st.lists(st.sampled_from([".png", ".PNG", ".jpg", ".jpeg", ".tif"])).map(
            lambda suffixes: stem + "".join(suffixes)
        )
    ),
    max_size=12,
)
JOBS = st.lists(st.sampled_from([PNG, JPEG, TIFF, OWN]), min_size=1, max_size=3).map(
    lambda outputs: JobSpec(
        outputs=tuple(
            output.model_copy(update={"label": f"out-{index}"})
            for index, output in enumerate(outputs)
        )
    )
)


def accepted(raw: str) -> str | None:
    try:
        return clean_name(raw)
    except BadName:
        return None


def outputs_of(name: str, spec: JobSpec) -> list[str]:
    several = len(spec.outputs) > 1
    return [output_name(name, output, several=several) for output in spec.outputs]


@given(st.one_of(st.text(max_size=30), RAW))
@example("a/.. /b")
@example("CON .jpg")
@example("a/./\u0301b")
@example("0:")
def test_a_clean_name_stays_as_it_is_and_inside_every_folder(raw: str) -> None:
    name = accepted(raw)
    if name is None:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert posixpath.normpath(posixpath.join("/out", name)) == f"/out/{name}"
    inside = ntpath.normpath(ntpath.join("D:\\out", name))
    assert inside == "D:\\out\\" + name.replace("/", "\\")
    assert name.splitlines() == [name]
    name.encode()


@given(st.one_of(st.text(max_size=30), RAW))
def test_folding_is_canonical_caseless_and_done_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(TREES, JOBS)
def test_two_accepted_photos_never_write_the_same_file(raws: list[str], spec: JobSpec) -> None:
    taken: dict[str, str] = {}
    folders: set[str] = set()
    for name in {name for raw in raws if (name := accepted(raw)) is not None}:
        if not {fold(name), *rivals(name, spec)} & {*taken, *folders}:
            taken[fold(name)] = name
            folders |= {f"{folder}/" for folder in folders_of(fold(name))}
    written = [fold(output) for name in taken.values() for output in outputs_of(name, spec)]
    assert len(written) == len(set(written))
    assert not {folder for file in written for folder in folders_of(file)} & set(written)


@given(TREES, JOBS)
def test_only_photos_that_would_write_the_same_file_are_rivals(
    raws: list[str], spec: JobSpec
) -> None:
    names = [name for raw in raws if (name := accepted(raw)) is not None]
    for name in names:
        for other in names:
            if fold(other) in rivals(name, spec):
                mine_too = {fold(name), *(f"{at}/" for at in folders_of(fold(name)))}
                assert mine_too & set(rivals(other, spec))
                mine = {fold(output) for output in outputs_of(name, spec)}
                theirs = {fold(output) for output in outputs_of(other, spec)}
                within = {folder for file in mine for folder in folders_of(file)}
                assert mine & theirs or within & theirs


@given(RAW, st.sampled_from([PNG, JPEG, TIFF, OWN]))
def test_a_results_name_is_a_clean_name(raw: str, spec: OutputSpec) -> None:
    name = accepted(raw)
    if name is not None:
        output = output_name(name, spec, several=False)
        assert clean_name(output, of_output=True) == output


def test_a_suffix_is_added_and_never_lost() -> None:
    assert output_name("1920/scan.jpg", PNG, several=False) == "1920/scan.jpg.png"
    assert output_name("scan", JPEG, several=False) == "scan.jpg"
    assert output_name("png", PNG, several=False) == "png.png"
    assert output_name(".png", PNG, several=False) == ".png.png"
    labelled = TIFF.model_copy(update={"label": "master"})
    assert output_name("a.jpg", labelled, several=True) == "master/a.jpg.tif"


@pytest.mark.parametrize(
    ("name", "spec"),
    [("s.JPEG", JPEG), ("s.jpg", JPEG), ("s.TIFF", TIFF), ("s.png", PNG), ("s.x", OWN)],
)
def test_a_name_that_has_the_formats_suffix_stays(name: str, spec: OutputSpec) -> None:
    assert output_name(name, spec, several=False) == name
    assert not accepted("/" + name)


def test_rivals_are_told_by_what_they_would_write() -> None:
    assert rivals("A.jpg", JobSpec(outputs=(PNG,))) == ("a.jpg.png/", "a.jpg.png")
    assert rivals("a.jpg.PNG", JobSpec(outputs=(PNG,))) == ("a.jpg.png/", "a.jpg")
    assert rivals("a.png.png", JobSpec(outputs=(PNG,))) == ("a.png.png/",)
    assert rivals("a.jpg", JobSpec(outputs=(OWN,))) == ("a.jpg/",)
    assert rivals("a.png/b", JobSpec(outputs=(PNG,))) == (
        "a.png/b.png/",
        "a.png/b.png",
        "a.png",
        "a",
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "names a folder or nothing"),
        ("./", "names a folder or nothing"),
        ("a/", "names a folder or nothing"),
        ("/etc/passwd", "absolute"),
        ("../a", "leaves its folder"),
        ("a/../b", "leaves its folder"),
        ("a/.. /b", "leaves its folder"),
        ("a\\b", "backslash"),
        ("C:a.jpg", "Windows drive"),
        ("x/c:/a.jpg", "Windows drive"),
        ("x/nul.tar.gz", "device on Windows"),
        ("0:a.jpg", "Windows drive"),
        ("con:a.jpg", "device on Windows"),
        ("COM¹.png", "device on Windows"),
        ("aux /a.png", "blank at the end"),
        ("a.jpg.", "ends in a dot"),
        ("a\x00.jpg", "control characters"),
        ("a\n.jpg", "control characters"),
        ("a\u2028.jpg", "control characters"),
        ("a\udcff.jpg", "no Unicode text"),
        ("é" * 126, "part longer than 250 bytes"),
        ("%" * 84, "part longer than 250 bytes"),
        ("folder/" * 130 + "a", f"longer than {MOST_NAME_BYTES} bytes"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_with_the_reason(raw: str, why: str) -> None:
    with pytest.raises(BadName) as caught:
        clean_name(raw)
    assert why in caught.value.detail
    caught.value.detail.encode()


def test_a_name_keeps_its_folders_and_loses_only_what_means_nothing() -> None:
    assert clean_name("./Smith Jr./a//12: b?.JPG") == "Smith Jr./a/12: b?.JPG"
    assert clean_name("cafe\u0301.png") == "café.png"
    assert clean_name("console.jpg") == "console.jpg"


def test_names_that_some_file_system_holds_for_one_fold_alike() -> None:
    assert fold("CAFÉ/Straße.JPG") == fold("cafe\u0301/STRASSE.jpg")
    assert fold("Jr./a") == fold("jr/A")
    assert fold("a.b") != fold("ab")
    assert fold("100%.jpg") == fold("100％.JPG")


def test_a_shown_name_is_printable_and_short() -> None:
    assert show_name("a\x1b[31m\udcff") == "a\\x1b[31m\\udcff"
    assert len(show_name("\x00" * 10_000)) == 200
