"""Files that operating systems leave among photos: thumbnails, resource forks, folder settings."""

from typing import Final

_FOLDERS: Final = frozenset({"__macosx", "@eadir", ".appledouble", ".spotlight-v100", ".trashes"})
_FILES: Final = frozenset(
    {".ds_store", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"}
)


def is_litter(name: str) -> bool:
    """Whether a `/`-separated name is one of these; no photo is lost by leaving them out."""
    *folders, file = name.lower().split("/")
    return file.startswith("._") or file in _FILES or not _FOLDERS.isdisjoint(folders)
