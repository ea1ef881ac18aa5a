"""Nobody is told what runs here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rialto.commands.triton_wheel import Wheel
from tests.conftest import ROOT

OPEN = "onnxruntime.InferenceSession('model_repo/jpeg/1/model.onnx')"
QUIET = {"ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI"}
SESSION = ".ses"  # what ONNX Runtime's telemetry keeps among the temporary files


@pytest.mark.parametrize(
    ("module", "kept"),
    [("sys", [SESSION]), ("service.engine.repository", []), ("export.network", [])],
)
def test_onnx_runtime_s_telemetry_is_off_in_every_room_that_loads_it(
    tmp_path: Path, module: str, kept: list[str]
) -> None:
    loud = {name: value for name, value in os.environ.items() if name not in QUIET}
    subprocess.run(
        [sys.executable, "-c", f"import {module}, onnxruntime; {OPEN}"],
        cwd=ROOT,
        env={**loud, "TMPDIR": str(tmp_path)},
        check=True,
    )
    assert [path.name for path in tmp_path.iterdir()] == kept


def test_it_is_off_in_triton_s_processes_too() -> None:
    assert Wheel.find().environment(1)["ORT_DISABLE_TELEMETRY"] == "1"


COMPUTE = """
from pathlib import Path
from service.engine.runtimes.openvino_cpu import OpenVino
OpenVino.start("openvino", 1).open(Path("model_repo/jpeg/1/model.onnx"))
from openvino.tools.ovc import telemetry_stub, telemetry_utils
assert telemetry_utils.tm is telemetry_stub
"""


def test_openvino_s_telemetry_has_nothing_to_send_by(tmp_path: Path) -> None:
    """By itself, `import openvino` sends an event and leaves an identity in the home folder."""
    loud = {name: value for name, value in os.environ.items() if name not in QUIET}
    subprocess.run(
        [sys.executable, "-c", COMPUTE],
        cwd=ROOT,
        env={**loud, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
