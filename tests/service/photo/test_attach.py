"""What ExifTool, which is nobody's library here, reads out of the files that Rialto writes."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from service.photo.photo import Photo
from service.photo.savers import Packing

FORMS = ["jpeg", "png", "webp", "tiff", "avif"]
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmp:Rating="4" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)
# Record 2: keyword "tower" and caption, in IPTC-IIM.
IPTC = b"\x1c\x02\x19\x00\x05tower\x1c\x02\x78\x00\x06bridge"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@pytest.fixture
def exiftool(tmp_path: Path):
    def read(data: bytes) -> dict[str, object]:
        path = tmp_path / "photo"
        path.write_bytes(data)
        command = ["exiftool", "-json", "-G1", "-n", "-a", str(path)]
        tags = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]
        assert "ExifTool:Error" not in tags
        return tags

    return read


@pytest.fixture(scope="module")
def original(written, picture) -> bytes:
    """A camera's JPEG: to be turned by 90°, with GPS, a maker's note and 300 dpi."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x8298] = "Maker", "Model 7", 6, "Somebody"
    exif[0x011A] = exif[0x011B] = IFDRational(300, 1)
    exif[0x0128] = 2
    camera = exif.get_ifd(0x8769)
    camera[0x829A] = IFDRational(1, 60)
    camera[0x9003] = "2020:01:02 03:04:05"
    camera[0xA002], camera[0xA003] = 1001, 667
    camera[0xA434] = "Lens 50mm"
    camera[0x927C] = b"unknown maker's own note"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (1.0, 2.0, 3.0)
    return written(picture, "JPEG", exif=exif.tobytes(), dpi=(300, 300), quality=90)


@pytest.fixture
async def restored(codec, original) -> Photo:
    """The original, its corner twice as large, with XMP and IPTC besides."""
    photo = await codec.decode(original)
    large = photo.with_pixels(np.repeat(np.repeat(photo.pixels[:64, :80], 2, 0), 2, 1))
    return replace(large, xmp=XMP, iptc=IPTC)


@pytest.mark.parametrize("form", FORMS)
async def test_kept_metadata_says_what_it_said_and_nothing_false(
    codec, provenance, restored, exiftool, form
) -> None:
    encoded = await codec.encode(restored, Packing(form, provenance))
    found = exiftool(encoded.data)
    assert found["IFD0:Make"] == "Maker"
    assert found["IFD0:Copyright"] == "Somebody"
    assert found["ExifIFD:ExposureTime"] == pytest.approx(1 / 60, rel=1e-3)
    assert found["ExifIFD:DateTimeOriginal"] == "2020:01:02 03:04:05"
    assert found["GPS:GPSLatitude"] == pytest.approx(1.0342, abs=1e-3)
    assert found["XMP-xmp:Rating"] == 4
    assert found.get("IFD0:Orientation", 1) == 1
    assert "XMP-tiff:Orientation" not in found
    assert found.get("ExifIFD:ExifImageWidth", 128) == 128
    assert found.get("ExifIFD:ExifImageHeight", 160) == 160


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metadata", ["keep", "strip"])
async def test_provenance_is_in_every_file(
    codec, provenance, restored, exiftool, form, metadata
) -> None:
    encoded = await codec.encode(restored, Packing(form, provenance, metadata=metadata))
    found = exiftool(encoded.data)
    assert found["XMP-iptcExt:DigitalSourceType"] == SOURCE
    assert found["XMP-xmp:CreatorTool"] == "Rialto 0.1.0"
    assert found["XMP-rialto:Network"] == "sr4x@0123456789ab"
    assert found["XMP-rialto:Seed"] == 7


@pytest.mark.parametrize("form", FORMS)
async def test_stripped_files_say_nothing_of_people_and_places(
    codec, provenance, restored, exiftool, form
) -> None:
    encoded = await codec.encode(restored, Packing(form, provenance, metadata="strip"))
    found = exiftool(encoded.data)
    groups = {name.partition(":")[0] for name in found}
    assert not groups & {"GPS", "ExifIFD", "IPTC", "XMP-tiff"}
    assert not {"IFD0:Make", "IFD0:Copyright", "XMP-xmp:Rating"} & found.keys()


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
async def test_a_block_keeps_tags_and_notes_that_libexif_would_drop(
    codec, provenance, restored, exiftool, form
) -> None:
    encoded = await codec.encode(restored, Packing(form, provenance))
    assert exiftool(encoded.data)["ExifIFD:LensModel"] == "Lens 50mm"
    assert b"unknown maker's own note" in encoded.data


@pytest.mark.parametrize("form", ["jpeg", "tiff"])
async def test_iptc_is_kept_where_the_format_holds_it(
    codec, provenance, restored, exiftool, form
) -> None:
    encoded = await codec.encode(restored, Packing(form, provenance))
    found = exiftool(encoded.data)
    assert (found["IPTC:Keywords"], found["IPTC:Caption-Abstract"]) == ("tower", "bridge")
    again = await codec.decode(encoded.data)
    assert again.iptc.rstrip(b"\0") == IPTC


async def test_a_format_without_iptc_says_so(codec, provenance, restored) -> None:
    encoded = await codec.encode(restored, Packing("png", provenance))
    assert any("IPTC" in note for note in encoded.notes)


async def test_a_tiff_gives_its_tags_on_and_back(codec, provenance, restored, exiftool) -> None:
    first = await codec.encode(restored, Packing("tiff", provenance))
    scan = await codec.decode(first.data)
    second = await codec.encode(scan, Packing("jpeg", provenance))
    found = exiftool(second.data)
    assert found["IFD0:Model"] == "Model 7"
    assert found["ExifIFD:LensModel"] == "Lens 50mm"
    assert found["GPS:GPSLatitudeRef"] == "N"


async def test_hostile_xmp_is_dropped_and_the_photo_written(
    codec, provenance, restored, exiftool
) -> None:
    hostile = replace(restored, xmp=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    encoded = await codec.encode(hostile, Packing("jpeg", provenance))
    assert exiftool(encoded.data)["XMP-rialto:Task"] == "sr4x"
    assert any("document type" in note for note in encoded.notes)


async def test_damaged_exif_is_dropped_and_the_photo_written(codec, provenance, restored) -> None:
    damaged = replace(restored, exif=b"II*\0\xff\xff\xff\xff")
    encoded = await codec.encode(damaged, Packing("tiff", provenance))
    assert any("EXIF" in note for note in encoded.notes)
    assert (await codec.decode(encoded.data)).width == 128
