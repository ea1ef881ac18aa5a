"""What storage refuses: the errors of obstore and of the system, told in three words.

NoSuchBlob, BlobRefused (this one cannot be read), BlobsAway (nothing can); and BadKey, before
anything is asked.
"""

from pathlib import Path
from typing import ClassVar

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from service.problems import Problem


class NoSuchBlob(LookupError):
    """There is no blob under `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"blob {key!r}")
        self.key = key


class BadKey(Problem):
    """A key that leaves the store, or that the store cannot hold."""

    status = 422
    slug = "bad-key"
    title = "Storage cannot hold a file of this name"


class BlobRefused(Problem):
    """One blob that cannot be read, though the storage answers."""

    status = 502
    slug = "storage-refused"
    title = "The storage does not hand out this file"


class BlobsAway(Problem):
    """The storage cannot be reached, or serves nothing."""

    status = 503
    slug = "storage-unavailable"
    title = "The archive's storage is away"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "10"}


def translated(error: Exception, key: str | None, folder: Path | None) -> Exception:
    """An error of a store as ours. `key` where one blob was read; `folder` the store's, if any."""
    rooted = folder is None or folder.is_dir()
    if key is not None and rooted:
        if isinstance(error, FileNotFoundError):
            return NoSuchBlob(key)
        forbidden = isinstance(error, PermissionDeniedError | UnauthenticatedError)
        if forbidden or folder is not None:
            return BlobRefused(f"The storage does not hand out {key}.")
    return BlobsAway("The storage does not answer, or refuses the service. Try again later.")
