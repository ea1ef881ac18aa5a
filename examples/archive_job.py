"""A folder of photos as a job: opened, filled, watched, fetched.

python examples/archive_job.py scans/ restored/ --task jpeg

It may be broken off and run again: the job's key is made of what is asked, photos go by name and
checksum. `rialto archive` does the same and more.
"""

import argparse
import hashlib
from pathlib import Path

from rialto import Client
from rialto.client import Job


def show(job: Job) -> None:
    """How the job stands."""
    counts = job.counts
    print(f"{counts.restored} restored, {counts.failed} failed of {counts.total}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("out", type=Path)
parser.add_argument("--task", default="jpeg")
parser.add_argument("--webhook", help="Told when the job has ended.")
parser.add_argument("--url", default="http://127.0.0.1:8000")
asked = parser.parse_args()

outputs = [{"task": asked.task, "preset": "fast", "format": "png"}]
key = hashlib.sha256(f"{asked.folder.resolve()} {outputs}".encode()).hexdigest()
told = {"webhook": asked.webhook} if asked.webhook else {}
with Client(asked.url) as client:
    job = client.jobs.open(outputs, idempotency_key=key, title=asked.folder.name, **told)
    for file in sorted(asked.folder.rglob("*.jpg")) if not job.ended else []:
        client.jobs.put(job.id, file.relative_to(asked.folder).as_posix(), file)
    if not job.ended:
        client.jobs.tell(job.id, "close")
    client.jobs.wait(job.id, on_change=show)
    for photo in client.jobs.photos(job.id):
        if photo.failure:
            print(f"{photo.name}: {photo.failure.detail}")
        for output in photo.outputs:
            target = asked.out / output.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(client.jobs.result(job.id, output))
