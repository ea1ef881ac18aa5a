"""What the service signs, and what a peer's library signs, is taken; nothing else is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from rialto.client import WebhookVerificationError, verify_webhook
from service.archive.records import Job, JobSpec, OutputSpec
from service.archive.webhooks import Signer, job_event

OLD, NEW = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8
NOW = 1_800_000_000
JOB = Job(
    id="a1",
    state="finished",
    spec=JobSpec(outputs=(OutputSpec(task="jpeg"),), webhook="https://archive.example/told"),
    counts={"total": 3, "restored": 2, "failed": 1},
    created_at=NOW - 60.0,
    ended_at=NOW - 1.0,
)


def told() -> bytes:
    event = job_event(JOB)
    assert event is not None
    return event.body


def verified(headers: dict[str, str], secret: Any = OLD, body: bytes | str | None = None) -> Any:
    return verify_webhook(told() if body is None else body, headers, secret, clock=lambda: NOW)


def test_what_the_service_signs_is_the_event_with_its_job() -> None:
    event = verified(Signer([OLD]).headers("evt_1", NOW, told()))
    assert event.type == "job.finished"
    assert event.timestamp == datetime.fromtimestamp(NOW - 1, UTC)
    assert (event.data.id, event.data.counts.failed, event.data.ended) == ("a1", 1, True)


def test_what_a_peer_signs_is_taken_as_text_too_and_headers_in_any_case() -> None:
    at = datetime.fromtimestamp(NOW, UTC)
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(NOW),
        "Webhook-Signature": Webhook(OLD).sign("evt_1", at, told().decode()),
    }
    assert verified(headers, body=told().decode()).data.id == "a1"


@pytest.mark.parametrize(("signing", "known"), [([OLD, NEW], NEW), ([NEW], [OLD, NEW])])
def test_either_side_may_hold_two_secrets_while_one_replaces_the_other(
    signing: list[str], known: Any
) -> None:
    assert verified(Signer(signing).headers("evt_1", NOW, told()), known).data.id == "a1"


def forged(**changes: str) -> dict[str, str]:
    return Signer([OLD]).headers("evt_1", NOW, told()) | {
        name.replace("_", "-"): value for name, value in changes.items()
    }


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (Signer([NEW]).headers("evt_1", NOW, told()), "no signature"),
        (forged(webhook_id="evt_2"), "no signature"),
        (forged(webhook_timestamp=str(NOW + 1)), "no signature"),
        (forged(webhook_signature="v1,"), "no signature"),
        (forged(webhook_signature="v1,ungültig v2,x"), "no signature"),
        (Signer([OLD]).headers("evt_1", NOW - 301, told()), "300 s"),
        (Signer([OLD]).headers("evt_1", NOW + 301, told()), "300 s"),
        ({}, "webhook-id"),
    ],
)
def test_what_is_forged_or_old_is_refused_with_the_reason(
    headers: dict[str, str], reason: str
) -> None:
    with pytest.raises(WebhookVerificationError, match=reason):
        verified(headers)


def test_a_body_that_was_changed_by_a_byte_is_refused() -> None:
    body = told().replace(b'"failed":1', b'"failed":0')
    with pytest.raises(WebhookVerificationError):
        verified(Signer([OLD]).headers("evt_1", NOW, told()), body=body)


def test_a_signed_body_of_another_kind_is_refused_and_not_misread() -> None:
    body = json.dumps({"type": "invoice.paid", "data": {}}).encode()
    with pytest.raises(WebhookVerificationError, match="known here"):
        verified(Signer([OLD]).headers("evt_1", NOW, body), body=body)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!", "geheim!"])
def test_a_secret_that_is_none_is_the_receivers_own_error(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        verified(forged(), secret)
