"""XMP packets: what a network made is written into every photo, whatever else is kept.

Follows XMP part 1 (ISO 16684-1) and IPTC's Digital Source Type vocabulary, 2024-09. A packet
that came with the photo is untrusted: without document types, bounded in size and depth.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.dom.minidom import Document, Element, parseString

DIGITAL_SOURCE_TYPE: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
RIALTO: Final = "https://rialto.invalid/ns/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_XMLNS = "http://www.w3.org/2000/xmlns/"

# Said of the old file and false, or void, for the new one. A C2PA manifest is found by
# dcterms:provenance; it does not hold for pixels that it has not seen.
_VOID: Final = {
    *((_TIFF, name) for name in ("Orientation", "ImageWidth", "ImageLength")),
    *((_TIFF, name) for name in ("XResolution", "YResolution", "ResolutionUnit")),
    *((_EXIF, name) for name in ("PixelXDimension", "PixelYDimension")),
    (_XMP, "Thumbnails"),
    ("http://purl.org/dc/terms/", "provenance"),
}
_MOST_BYTES = 2**20
_MOST_DEPTH = 64
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'


@dataclass(frozen=True)
class Provenance:
    """Which network made the pixels, and how to make them again.

    software  such as "Rialto 0.1.0"        network  name@hash
    plan      such as "dbim;steps=10;..."   seed     of the noise
    """

    software: str
    task: str
    network: str
    plan: str
    seed: int

    def properties(self) -> dict[tuple[str, str], str]:
        """XMP properties by namespace and prefixed name."""
        return {
            (_IPTC, "Iptc4xmpExt:DigitalSourceType"): DIGITAL_SOURCE_TYPE,
            (_XMP, "xmp:CreatorTool"): self.software,
            (RIALTO, "rialto:Task"): self.task,
            (RIALTO, "rialto:Network"): self.network,
            (RIALTO, "rialto:Plan"): self.plan,
            (RIALTO, "rialto:Seed"): str(self.seed),
        }


def packet(provenance: Provenance, kept: bytes | None = None) -> bytes:
    """An XMP packet, UTF-8, of the provenance and of what a kept packet says besides.

    Raises ValueError where the kept packet is malformed, too large or too deep.
    """
    document = _parsed(kept) if kept else parseString(_EMPTY)  # noqa: S318 - ours, or checked
    rdf = _rdf_of(document)
    if rdf is None:
        raise ValueError("the XMP packet holds no rdf:RDF")
    properties = provenance.properties()
    replaced = {(space, name.partition(":")[2]) for space, name in properties}
    about = ""
    for description in _children(rdf):
        about = about or description.getAttributeNS(_RDF, "about")
        _remove(description, replaced | _VOID)
    rdf.appendChild(_description(document, about, properties))
    body = document.documentElement.toxml("utf-8") if document.documentElement else b""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
        + body
        + b'\n<?xpacket end="w"?>'
    )


def _parsed(kept: bytes) -> Document:
    if len(kept) > _MOST_BYTES:
        raise ValueError(f"the XMP packet is larger than {_MOST_BYTES} bytes")
    text = _decoded(kept)
    # No entity can be defined without a document type, so nothing can be expanded or fetched.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("the XMP packet has a document type")
    try:
        document = parseString(text.encode())  # noqa: S318 - no document type, bounded in size
        if any(depth > _MOST_DEPTH for depth in _depths(document)):
            raise ValueError("the XMP packet is nested too deep")
    except ValueError:
        raise
    except Exception as error:  # expat's own errors share no class with minidom's
        raise ValueError("the XMP packet is no well-formed XML") from error
    return document


def _decoded(kept: bytes) -> str:
    """Text of a packet in UTF-8 or, by its byte order mark, UTF-16."""
    wide = kept.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return kept.decode("utf-16" if wide else "utf-8").strip("\ufeff\0 \r\n\t")
    except UnicodeDecodeError as error:
        raise ValueError("the XMP packet is neither UTF-8 nor UTF-16") from error


def _depths(document: Document) -> Iterator[int]:
    """The depth of every element; a loop, since the depth is not ours to choose."""
    waiting: list[tuple[Document | Element, int]] = [(document, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield depth
        inner = (child for child in node.childNodes if isinstance(child, Element))
        waiting.extend((child, depth + 1) for child in inner)


def _rdf_of(document: Document) -> Element | None:
    found = document.getElementsByTagNameNS(_RDF, "RDF")
    return found[0] if found else None


def _children(parent: Element) -> list[Element]:
    return [child for child in parent.childNodes if isinstance(child, Element)]


def _remove(description: Element, names: set[tuple[str, str]]) -> None:
    """Properties stand as attributes or as elements; take them away in either form."""
    for space, name in names:
        if description.hasAttributeNS(space, name):
            description.removeAttributeNS(space, name)
    for child in _children(description):
        if (child.namespaceURI, child.localName) in names:
            description.removeChild(child).unlink()


def _description(document: Document, about: str, properties: dict[tuple[str, str], str]) -> Element:
    # Its own prefix for rdf: the packet may have given that name to anything.
    made = document.createElementNS(_RDF, "rdf:Description")
    made.setAttributeNS(_XMLNS, "xmlns:rdf", _RDF)
    made.setAttributeNS(_RDF, "rdf:about", about)
    for (space, name), value in properties.items():
        made.setAttributeNS(_XMLNS, f"xmlns:{name.partition(':')[0]}", space)
        made.setAttributeNS(space, name, value)
    return made
