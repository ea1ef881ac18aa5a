"""Where downloaded and measured things are kept between runs, outside the project."""

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """`name` in $RIALTO_CACHE, or in ~/.cache/rialto; it need not exist."""
    cache = os.environ.get("RIALTO_CACHE")
    return (Path(cache).expanduser() if cache else Path.home() / ".cache" / "rialto") / name
