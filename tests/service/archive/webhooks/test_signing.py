import base64
from datetime import UTC, datetime
from time import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.archive.webhooks.signing import Signer, sign
from tests.service.archive.webhooks.receiver import SECRET

OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = '{"type":"job.finished","data":{"title":"Köln"}}'.encode()


def test_a_signature_is_that_of_the_specifications_own_library() -> None:
    theirs = Webhook(SECRET).sign(
        "evt_1", datetime.fromtimestamp(1_674_087_231, UTC), BODY.decode()
    )
    assert sign(SECRET, "evt_1", 1_674_087_231, BODY) == theirs


@pytest.mark.parametrize("known", [SECRET, OTHER])
def test_during_a_rotation_whoever_knows_either_secret_can_verify(known: str) -> None:
    headers = Signer([SECRET, OTHER]).headers("evt_1", int(time()), BODY)
    assert Webhook(known).verify(BODY, headers)["type"] == "job.finished"
    assert len(headers["webhook-signature"].split(" ")) == 2


def test_another_body_id_or_time_is_not_verified() -> None:
    now = int(time())
    headers = Signer([SECRET]).headers("evt_1", now, BODY)
    changes: tuple[dict[str, str], ...] = (
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(now + 1)},
    )
    for body, change in ((BODY + b" ", {}), *((BODY, each) for each in changes)):
        with pytest.raises(WebhookVerificationError, match="No matching"):
            Webhook(SECRET).verify(body, {**headers, **change}, json_parse=False)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_sécret!"]
)
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="a webhook secret") as caught:
        Signer([SECRET, secret])
    assert "c2hvcnQ" not in str(caught.value)


def test_an_id_that_could_pass_for_an_id_and_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign(SECRET, "evt.1", 1, BODY)
