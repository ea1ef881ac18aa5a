"""Results as one file: a zip, a tar or a BagIt bag, streamed without a temporary file."""

from service.archive.bundle.bags import bag, bag_entries
from service.archive.bundle.entries import BrokenBundle, Entry
from service.archive.bundle.events import event_record
from service.archive.bundle.tars import tar_stream
from service.archive.bundle.zips import zip_stream

__all__ = [
    "BrokenBundle",
    "Entry",
    "bag",
    "bag_entries",
    "event_record",
    "tar_stream",
    "zip_stream",
]
