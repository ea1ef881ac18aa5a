import pytest

from service.photo.formats import check_fits, sniff
from service.photo.refusals import EmptyBody, NotAPhoto, TooLargeForFormat, TooManyFrames


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0", "tiff"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif"),
        (b"\0\0\0\x14ftypavif\0\0\0\0mif1", "avif"),
    ],
)
def test_a_format_is_known_by_its_first_bytes(head: bytes, form: str) -> None:
    assert sniff(head) == form


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"GIF89a", "GIF"),
        (b"\n <!DOCTYPE html>", "HTML"),
        (b"<svg xmlns=", "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"RIFF\0\0\0\0WAVE", "no photo"),
    ],
)
def test_what_is_no_photo_is_refused_by_name(head: bytes, named: str) -> None:
    with pytest.raises(NotAPhoto, match=named):
        sniff(head)


def test_nothing_at_all_is_an_empty_body() -> None:
    with pytest.raises(EmptyBody):
        sniff(b"")


def test_an_avif_sequence_is_too_many_frames() -> None:
    with pytest.raises(TooManyFrames):
        sniff(b"\0\0\0\x18ftypavis\0\0\0\0avifavis")


@pytest.mark.parametrize(
    ("form", "size", "bits"),
    [
        ("webp", (16_384, 10), 8),
        ("jpeg", (10, 65_501), 8),
        ("avif", (7000, 6000), 8),
        ("avif", (5000, 4000), 16),
    ],
)
def test_a_result_beyond_its_format_is_refused_with_a_way_out(form, size, bits) -> None:
    with pytest.raises(TooLargeForFormat, match="format=png"):
        check_fits(form, *size, bits)
    check_fits("png", *size, bits)


def test_a_result_of_the_largest_size_fits() -> None:
    check_fits("webp", 16_383, 16_383)
    check_fits("jpeg", 65_500, 65_500)
    check_fits("avif", 6000, 6000)
