"""Keys of blobs: what a store can hold, and where a job's lie in our own.

A job's blobs lie below one folder, each called by its content: a blob that is written twice is the
same blob, and a job is deleted by its folder.
"""

import re
from typing import Final

from service.archive.blob_refusals import BadKey

MOST_KEY_BYTES: Final = 1024  # S3's and GCS's limit
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_STAGED: Final = re.compile(r"#\d+$")  # what obstore calls a folder's half-written files

OWN = "jobs/"


def job_folder(job_id: str) -> str:
    """Everything of a job."""
    return f"{OWN}{job_id}/"


def input_key(job_id: str, sha256: str) -> str:
    """A photo as it was sent."""
    return f"{job_folder(job_id)}in/{sha256}"


def output_key(job_id: str, sha256: str) -> str:
    """A restored photo."""
    return f"{job_folder(job_id)}out/{sha256}"


def check_key(key: str, *, in_folder: bool) -> None:
    """Raises BadKey where a key leaves its store, or the store cannot hold it."""
    parts = key.split("/")
    if "" in parts or "." in parts or ".." in parts or _CONTROL.search(key):
        raise BadKey(f"{key!r} is empty, absolute, or has empty or dotted parts. Rename it.")
    if len(key.encode(errors="surrogatepass")) > MOST_KEY_BYTES:
        raise BadKey(f"{key[:80]!r}… is longer than {MOST_KEY_BYTES} bytes. Shorten it.")
    if in_folder and _STAGED.search(parts[-1]):  # a folder of that form, "box #1", is fine
        raise BadKey(f"{key!r} ends like a half-written file, in # and a number. Rename it.")
