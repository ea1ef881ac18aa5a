"""What a caller chooses among, and what is taken else, for client and command line alike."""

from typing import Literal

DEFAULT_URL = "http://127.0.0.1:8000"

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
