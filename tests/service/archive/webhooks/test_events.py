import json

from service.archive.webhooks import job_event
from tests.service.archive.webhooks.receiver import ENDED_AT, ended_job

URL = "https://example.com/hook"


def test_a_finished_job_is_told_as_the_specification_recommends() -> None:
    job = ended_job("j1", URL)
    event = job_event(job)
    assert event is not None
    assert (event.id, event.kind) == ("evt_j1_finished_1700000000250", "job.finished")
    assert (event.job_id, event.url) == ("j1", URL)
    assert json.loads(event.body) == {
        "type": "job.finished",
        "timestamp": "2023-11-14T22:13:20.250Z",
        "data": job.model_dump(mode="json"),
    }


def test_a_cancelled_job_is_told_as_such() -> None:
    event = job_event(ended_job("j1", URL).model_copy(update={"state": "cancelled"}))
    assert event is not None
    assert event.kind == json.loads(event.body)["type"] == "job.cancelled"


def test_a_job_that_ends_once_more_is_another_event() -> None:
    first, again = job_event(ended_job("j1", URL)), job_event(ended_job("j1", URL, ENDED_AT + 1))
    assert first is not None
    assert again is not None
    assert first.id != again.id


def test_nothing_is_told_of_a_job_without_webhook_or_end() -> None:
    assert job_event(ended_job("j1", None)) is None
    assert job_event(ended_job("j1", URL).model_copy(update={"ended_at": None})) is None
