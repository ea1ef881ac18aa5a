"""Who has to have a key: nobody on loopback, everybody elsewhere, unless it is said by name."""

import pytest

from service.app import create_app
from service.auth.policy import AuthUndecided, is_open, keys_wanted, scope_of
from service.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_on_loopback_no_key_is_needed_until_it_is_wanted(host: str) -> None:
    assert not keys_wanted("auto", host)
    assert keys_wanted("on", host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "photos.example"])  # noqa: S104
def test_elsewhere_the_service_does_not_start_before_somebody_decides(host: str) -> None:
    with pytest.raises(AuthUndecided, match=r"rialto keys create.*off-because-guarded-outside"):
        create_app(Settings(host=host))
    assert keys_wanted("on", host)
    assert not keys_wanted("off-because-guarded-outside", host)


def test_every_address_but_those_named_here_needs_a_key() -> None:
    paths = {path.replace("{slug}", "x") for path in create_app(Settings()).openapi()["paths"]} | {
        "/nowhere",
        "/jobsx",
        "//jobs",
        "/web",
        "/openapi.json/",
    }
    public = {path for path in paths if is_open(path)}
    assert public == {"/healthz", "/readyz", "/problems/x"}


def test_what_is_below_an_address_needs_its_scope() -> None:
    assert scope_of("/jobs") == scope_of("/jobs/1/photos/a%2Fb") == "jobs"
    assert scope_of("/restore") == scope_of("/restorations/1") == "restore"
    assert scope_of("/metrics") == "metrics"
    assert scope_of("/tasks") is None
