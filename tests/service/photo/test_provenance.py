from dataclasses import replace
from xml.etree import ElementTree

import pytest

from service.photo.provenance import DIGITAL_SOURCE_TYPE, RIALTO, packet

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
TIFF = "{http://ns.adobe.com/tiff/1.0/}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
DC = "{http://purl.org/dc/elements/1.1/}"

OLD = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:t="http://purl.org/dc/terms/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:CreatorTool="Scanner 1" tiff:Orientation="6"
 t:provenance="https://example.org/manifest"><xmp:Rating>5</xmp:Rating>
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tower &amp; bridge</rdf:li></rdf:Alt></dc:title>
 <tiff:ImageWidth>10</tiff:ImageWidth></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def descriptions(data: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(data.decode()).findall(f".//{RDF}Description")  # noqa: S314


def test_provenance_names_all_it_takes_to_make_the_pixels_again(provenance) -> None:
    (made,) = descriptions(packet(provenance))
    assert made.attrib == {
        f"{RDF}about": "",
        f"{IPTC}DigitalSourceType": DIGITAL_SOURCE_TYPE,
        f"{XMP}CreatorTool": "Rialto 0.1.0",
        f"{{{RIALTO}}}Task": "sr4x",
        f"{{{RIALTO}}}Network": "sr4x@0123456789ab",
        f"{{{RIALTO}}}Plan": "dbim;steps=1;grid=quadratic;eta=1",
        f"{{{RIALTO}}}Seed": "7",
    }


def test_a_kept_packet_keeps_what_is_still_true(provenance) -> None:
    old, made = descriptions(packet(provenance, OLD))
    assert old.find(f"{XMP}Rating").text == "5"
    assert old.find(f".//{RDF}li").text == "Tower & bridge"
    assert made.get(f"{RDF}about") == "uuid:1"
    assert made.get(f"{XMP}CreatorTool") == "Rialto 0.1.0"


def test_a_kept_packet_loses_what_has_become_false(provenance) -> None:
    old, _ = descriptions(packet(provenance, OLD))
    assert f"{XMP}CreatorTool" not in old.attrib
    assert f"{TIFF}Orientation" not in old.attrib
    assert "{http://purl.org/dc/terms/}provenance" not in old.attrib
    assert old.find(f"{TIFF}ImageWidth") is None


def test_a_photo_restored_twice_is_described_once(provenance) -> None:
    twice = packet(provenance, packet(provenance, OLD))
    assert twice.count(b"DigitalSourceType=") == 1
    assert twice.count(b"rialto:Seed=") == 1


def test_markup_in_a_value_stays_a_value(provenance) -> None:
    hostile = replace(provenance, plan='"/><evil a="')
    (made,) = descriptions(packet(hostile))
    assert made.get(f"{{{RIALTO}}}Plan") == '"/><evil a="'


BOMB = b"""<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>"""


@pytest.mark.parametrize(
    ("old", "why"),
    [
        (BOMB, "document type"),
        (BOMB.decode().encode("utf-16"), "document type"),
        (OLD[:200], "well-formed"),
        (b"\xff\xfe\xff", "neither"),
        (b"\x80\x81", "neither"),
        (b"<a/>", "rdf:RDF"),
        (b"<a>" * 5000 + b"</a>" * 5000, "deep"),
        (b"<a>" + b" " * 2**20 + b"</a>", "larger"),
    ],
)
def test_a_hostile_packet_is_refused(provenance, old, why) -> None:
    with pytest.raises(ValueError, match=why):
        packet(provenance, old)
