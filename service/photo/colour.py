"""Colour: whatever samples a file holds become grey or RGB, 8 or 16 bits, and one true profile.

RGB in any profile is left as it is: the networks work on encoded values, and a conversion
would cost precision twice for nothing. The profile travels along. CMYK and Lab have no such
values, so they are converted to sRGB.
"""

from io import BytesIO
from typing import Final

import pyvips
from PIL import ImageCms

from service.photo.refusals import UnsupportedColour
from service.photo.signals import Signals

ICC: Final = "icc-profile-data"
_MOST_ICC_BYTES = 16 * 2**20
_GREY: Final = {"b-w", "grey16"}
_RGB: Final = {"srgb", "rgb", "rgb16"}
_LAB: Final = {"lab", "labs"}
_CMYK: Final = "cmyk"
# What littlecms calls the samples of 1, 3 and 4 bands of colour.
_MODES: Final = {1: "L", 3: "RGB", 4: "CMYK"}

# H.273: BT.709, unspecified and the two BT.601 are near enough to sRGB to be shown as such.
_SRGB_PRIMARIES: Final = {1, 2, 5, 6}
_P3_PRIMARIES: Final = 12
_SDR_TRANSFERS: Final = {1, 2, 6, 13, 14, 15}


def colour_bands(image: pyvips.Image) -> int:
    """Bands of colour, 1, 3 or 4; what lies beyond them is alpha.

    Raises UnsupportedColour for samples or spaces that are not converted here.
    """
    space = image.interpretation
    lab = space in _LAB and image.format in ("float", "short")
    if not lab and image.format not in ("uchar", "ushort"):
        raise UnsupportedColour(
            f"Samples of type {image.format} are not supported. Save the photo with 8 or 16 bits "
            "a sample, unsigned."
        )
    known = {**dict.fromkeys(_GREY, 1), **dict.fromkeys(_RGB | _LAB, 3), _CMYK: 4}
    colours = known.get(space)
    if colours is None or not 0 <= image.bands - colours <= 1:
        raise UnsupportedColour(
            f"{image.bands} bands of the kind {space} are not supported. Save the photo as grey, "
            "RGB or CMYK, with one alpha channel at most."
        )
    return colours


def settle(
    image: pyvips.Image, signals: Signals, notes: list[str]
) -> tuple[pyvips.Image, bytes | None]:
    """Grey or RGB of 8 or 16 bits, alpha kept behind it, and the profile it is to be read by.

    What had to be dropped or converted is added to `notes`. Raises UnsupportedColour.
    """
    colours = colour_bands(image)
    icc = _sound_profile(image, colours, notes)
    if image.interpretation in _LAB:
        notes.append("The photo was in Lab and has been converted to sRGB.")
        deep = image.get("bits-per-sample") > 8 if image.get_typeof("bits-per-sample") else True
        return image.colourspace("rgb16" if deep else "srgb"), _builtin("srgb")
    if image.interpretation == _CMYK:
        return _from_cmyk(image, icc, notes), _builtin("srgb")
    if icc is None and colours == 3:
        icc = _signalled_profile(signals)
    return image, icc


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """Through the image's own profile to sRGB, keeping its depth; alpha passes by."""
    return image.icc_transform(
        "srgb",
        embedded=True,
        intent="relative",
        black_point_compensation=True,
        depth=16 if image.format == "ushort" else 8,
    )


def _from_cmyk(image: pyvips.Image, icc: bytes | None, notes: list[str]) -> pyvips.Image:
    notes.append(
        "The photo was in CMYK and has been converted to sRGB by "
        + ("its own profile." if icc else "a common press profile, since it names none.")
    )
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, ICC, icc or _builtin("cmyk"))
    return to_srgb(image)


def _sound_profile(image: pyvips.Image, colours: int, notes: list[str]) -> bytes | None:
    """The embedded profile if littlecms can use it for these samples, else None and a note."""
    if not image.get_typeof(ICC):
        return None
    icc: bytes = image.get(ICC)
    try:
        if len(icc) > _MOST_ICC_BYTES:
            raise ValueError("too large")
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        # A transform is refused for a broken profile and for one of another class alike;
        # libvips would go on without a word, with a profile of its own.
        ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), _MODES[colours], "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("The colour profile is damaged or of another kind and has been dropped.")
        return None
    return icc


def _signalled_profile(signals: Signals) -> bytes | None:
    """The profile of H.273 code points. Raises UnsupportedColour for HDR and wide gamuts."""
    primaries, transfer = signals.primaries or 2, signals.transfer or 2
    known = primaries in _SRGB_PRIMARIES or primaries == _P3_PRIMARIES
    if not known or transfer not in _SDR_TRANSFERS:
        raise UnsupportedColour(
            f"Colours by code points (primaries {primaries}, transfer {transfer}), such as HDR, "
            "are not supported. Save the photo in sRGB or Display P3."
        )
    return _builtin("p3") if primaries == _P3_PRIMARIES else None


def _builtin(name: str) -> bytes:
    """One of libvips' own profiles: srgb, p3 or cmyk."""
    profile: bytes = pyvips.Operation.call("profile_load", name)
    return profile
