"""A URL to an obstore store, with limits that tell an outage soon instead of hiding it.

Also the one thing that obstore leaves undone in a folder: waiting for the disk.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

Bucket: TypeAlias = S3Store | GCSStore | AzureStore

CONNECT_S: Final = 3.0
_RETRY: "Final[RetryConfig]" = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
}


def folder_of(url: str | Path) -> Path | None:
    """The folder that a path or `file://` URL names; None where it names a bucket."""
    if isinstance(url, Path) or "://" not in url:
        return Path(url)
    return Path(url2pathname(urlsplit(url).path)) if url.startswith("file://") else None


def open_bucket(url: str, timeout_s: float) -> Bucket:
    """`s3://`, `gs://` or `az://`, bucket and perhaps a prefix; nothing is sent yet.

    Credentials and endpoints come from the environment: AWS_*, GOOGLE_*, AZURE_*.
    Raises ValueError for another scheme, or where the environment makes no sense.
    """
    client = _client(timeout_s)
    try:
        match url.partition("://")[0]:
            case "s3":
                return S3Store.from_url(url, client_options=client, retry_config=_RETRY)
            case "gs":
                return GCSStore.from_url(url, client_options=client, retry_config=_RETRY)
            case "az":
                return AzureStore.from_url(url, client_options=client, retry_config=_RETRY)
    except BaseError as error:
        raise ValueError(f"url {url!r} cannot be opened: {error}") from error
    raise ValueError(f"url {url!r} is no folder and begins with none of s3://, gs://, az://")


def settled_parent(path: Path) -> Path:
    """The nearest folder above `path` that is there already."""
    return next(folder for folder in path.parents if folder.is_dir())


def settle(path: Path, top: Path) -> None:
    """Wait until the file, and the folders from it up to `top`, would survive a power cut."""
    while True:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path == top:
            return
        path = path.parent


def _client(timeout_s: float) -> "ClientConfig":
    # obstore forgets the environment's client options where it is given any; http is one of them.
    names = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")
    return {
        "connect_timeout": timedelta(seconds=min(CONNECT_S, timeout_s)),
        "timeout": timedelta(seconds=timeout_s),
        "allow_http": any(os.environ.get(name, "").lower() in ("true", "1") for name in names),
    }
