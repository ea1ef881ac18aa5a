"""The words a caller chooses among, for the client and the command line alike."""

from typing import Literal

PresetName = Literal["fast", "balanced", "best"]
FormatName = Literal["png", "jpeg", "webp", "tiff", "avif"]
MetadataMode = Literal["keep", "strip"]

SUFFIX: dict[FormatName, str] = {
    "png": ".png",
    "jpeg": ".jpg",
    "webp": ".webp",
    "tiff": ".tif",
    "avif": ".avif",
}
FORMAT_OF_SUFFIX: dict[str, FormatName] = {
    **{suffix: name for name, suffix in SUFFIX.items()},
    ".jpeg": "jpeg",
    ".tiff": "tiff",
}
