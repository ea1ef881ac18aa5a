import json

from service.archive.bundle import event_record
from service.archive.records import (
    Failure,
    InputBlob,
    Job,
    JobCounts,
    JobSpec,
    OutputBlob,
    OutputSpec,
    PhotoRecord,
)

JOB = Job(
    id="j1",
    state="finished",
    spec=JobSpec(outputs=(OutputSpec(task="jpeg"),)),
    counts=JobCounts(total=1),
    created_at=1.0,
)
INPUT = InputBlob(key="jobs/j1/in/aa", bytes=7, sha256="aa")
OUTPUT = OutputBlob(
    name="a.jpg.png",
    key="jobs/j1/out/bb",
    bytes=9,
    sha256="bb",
    sha512="cc",
    content_type="image/png",
    width=3,
    height=2,
    task="jpeg",
    network="jpeg@0123456789ab",
    plan="dbim;steps=10;grid=quadratic;eta=1",
    seed=5,
    seconds=1.25,
    notes=("colour profile kept",),
)


def test_a_restored_photo_tells_what_made_it_and_nothing_of_our_storage() -> None:
    photo = PhotoRecord(
        name="a.jpg",
        state="restored",
        input=INPUT,
        attempts=2,
        worker="host-1",
        outputs=(OUTPUT,),
        ended_at=1_795_517_425.0559,
    )
    record = event_record(photo, JOB)
    assert json.loads(json.dumps(record)) == record
    assert record == {
        "job": "j1",
        "photo": "a.jpg",
        "outcome": "restored",
        "time": "2026-11-24T10:50:25.055Z",
        "attempts": 2,
        "reason": None,
        "input": {"name": "a.jpg", "bytes": 7, "sha256": "aa"},
        "outputs": [
            {
                "path": "data/a.jpg.png",
                "name": "a.jpg.png",
                "bytes": 9,
                "sha256": "bb",
                "sha512": "cc",
                "content_type": "image/png",
                "width": 3,
                "height": 2,
                "task": "jpeg",
                "network": "jpeg@0123456789ab",
                "plan": "dbim;steps=10;grid=quadratic;eta=1",
                "seed": 5,
                "seconds": 1.25,
                "notes": ["colour profile kept"],
            }
        ],
    }


def test_a_failed_photo_tells_its_reason() -> None:
    failure = Failure(slug="not-a-photo", detail="No image format was recognised.")
    photo = PhotoRecord(name="a.txt", state="failed", input=INPUT, failure=failure, ended_at=0.0)
    record = event_record(photo, JOB)
    assert record["outcome"] == "failed"
    assert record["reason"] == {"slug": failure.slug, "detail": failure.detail}
    assert (record["time"], record["outputs"]) == ("1970-01-01T00:00:00.000Z", [])
