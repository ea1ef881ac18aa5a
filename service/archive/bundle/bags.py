"""An ended job to a BagIt bag: restored photos, their checksums, and what happened to each photo.

Follows BagIt 1.0 (RFC 8493); section numbers are the RFC's. Payload comes first, lists last, so
that everything is read once: each photo's bytes are checked against its record as they pass, and
a bag whose photos are not what the records say is never finished.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Literal

from service.archive.blobs import Blobs
from service.archive.bundle.entries import Entry, verified
from service.archive.bundle.events import event_record, payload_path
from service.archive.bundle.ledgers import Ledger
from service.archive.bundle.tars import tar_stream
from service.archive.bundle.zips import zip_stream
from service.archive.records import Job, OutputBlob, PhotoRecord

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def bag(
    job: Job,
    photos: AsyncIterator[PhotoRecord],
    blobs: Blobs,
    kind: Literal["zip", "tar"],
    *,
    payload: bool = True,
) -> AsyncIterator[bytes]:
    """The bag, in the folder `<job's id>-bag`, as a zip or tar.

    photos   every photo of the job, once; what is no result stands in `metadata/events.jsonl`
    payload  False leaves the results out, for a reader who has fetched them one by one

    Raises ValueError where the job has not ended: a bag's manifest would not hold. While it is
    read: BrokenBundle, NoSuchBlob, BlobsAway, after any of which the stream is no archive.
    """
    pack = zip_stream if kind == "zip" else tar_stream
    return pack(bag_entries(job, photos, blobs, payload=payload))


def bag_entries(
    job: Job, photos: AsyncIterator[PhotoRecord], blobs: Blobs, *, payload: bool = True
) -> AsyncIterator[Entry]:
    """The files of a bag in the order they are written; parameters and errors as of `bag`."""
    if job.ended_at is None:
        raise ValueError(f"job {job.id} has not ended")
    return _Bag(job, job.ended_at, blobs, with_payload=payload).entries(photos)


@dataclass
class _Bag:
    """A bag in the making."""

    job: Job
    ended_at: float
    blobs: Blobs
    with_payload: bool
    files: int = 0
    octets: int = 0
    manifest: Ledger = field(default_factory=Ledger)
    events: Ledger = field(default_factory=Ledger)
    tags: Ledger = field(default_factory=Ledger)

    async def entries(self, photos: AsyncIterator[PhotoRecord]) -> AsyncIterator[Entry]:
        yield self._tag("bagit.txt", _written(_DECLARATION))
        yield self._entry("data/", Ledger())  # must be there, even if nothing was restored (2.1.2)
        async for photo in photos:
            for output in photo.outputs:
                entry = self._payload(output, photo.ended_at or self.ended_at)
                if self.with_payload:
                    yield entry
            record = event_record(photo, self.job)
            self.events.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
        yield self._tag("metadata/events.jsonl", self.events)
        yield self._tag("manifest-sha512.txt", self.manifest)
        yield self._tag("bag-info.txt", _written(self._info()))
        yield self._entry("tagmanifest-sha512.txt", self.tags)

    def _payload(self, output: OutputBlob, modified: float) -> Entry:
        path = payload_path(output)
        self.manifest.write(_manifest_line(output.sha512, path))
        self.files, self.octets = self.files + 1, self.octets + output.bytes
        chunks = verified(self.blobs.stream(output.key), output.sha512)
        return Entry(self._inside(path), output.bytes, modified, chunks)

    def _tag(self, path: str, ledger: Ledger) -> Entry:
        """A file that the tag manifest lists, as it does every one but itself (2.2.1)."""
        self.tags.write(_manifest_line(ledger.sha512, path))
        return self._entry(path, ledger)

    def _entry(self, path: str, ledger: Ledger) -> Entry:
        return Entry(self._inside(path), ledger.bytes, self.ended_at, ledger.chunks())

    def _inside(self, path: str) -> str:
        return f"{self.job.id}-bag/{path}"

    def _info(self) -> str:
        """`bag-info.txt` (2.2.2)."""
        fields = {
            "Bag-Software-Agent": f"Rialto {version('rialto')}",
            "Bagging-Date": datetime.fromtimestamp(self.ended_at, UTC).date().isoformat(),
            "External-Identifier": self.job.id,
            "External-Description": " ".join(self.job.spec.title.split()),
            "Payload-Oxum": f"{self.octets}.{self.files}",
        }
        return "".join(f"{label}: {value}\n" for label, value in fields.items() if value)


def _manifest_line(sha512: str, path: str) -> str:
    """CR, LF and % are percent-encoded, and nothing else is (2.1.3)."""
    encoded = path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"{sha512}  {encoded}\n"


def _written(text: str) -> Ledger:
    ledger = Ledger()
    ledger.write(text)
    return ledger
