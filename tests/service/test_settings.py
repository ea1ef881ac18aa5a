import sys

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


def test_a_runtime_of_an_extra_that_is_not_installed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings(runtime="openvino-bf16").runtime == "openvino-bf16"
    monkeypatch.setitem(sys.modules, "openvino", None)  # as where nobody installed it
    with pytest.raises(ValidationError, match=r"RUNTIME=openvino needs .*rialto\[openvino\]"):
        Settings(runtime="openvino")


def test_a_triton_has_its_own_runtime() -> None:
    with pytest.raises(ValidationError, match="RUNTIME=openvino-bf16 is of the local engine"):
        Settings(runtime="openvino-bf16", engine="triton")


def test_a_runtime_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="'onnxruntime', 'openvino' or 'openvino-bf16'"):
        Settings(runtime="bf16")
