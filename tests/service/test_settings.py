import pytest
from pydantic import ValidationError

from service.settings import Settings, UnknownSetting, read_settings


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIALTO_MAX_WAITING", "3")
    assert read_settings().max_waiting == 3


def test_what_is_given_stands_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIALTO_PORT", "1")
    assert read_settings({"port": 2}).port == 2


def test_a_misspelt_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIALTO_MAX_WAITNG", "3")
    with pytest.raises(UnknownSetting, match="RIALTO_MAX_WAITNG"):
        read_settings()


def test_a_value_out_of_its_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIALTO_MAX_ACTIVE", "0")
    with pytest.raises(ValidationError, match="max_active"):
        read_settings()


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]
