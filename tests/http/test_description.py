"""The service does what its OpenAPI description says, whatever is sent: asked by schemathesis."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, LiveService, start_service
from tests.service.engine.conftest import tiny_repository

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tiny_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """The whole service with a network that answers at once."""
    folder = tmp_path_factory.mktemp("described")
    service = start_service(folder, model_repo=str(tiny_repository(folder / "repo")))
    yield service
    service.stop()


def examine(service: LiveService, folder: Path, phases: str, examples: int) -> None:
    """Every operation, all of schemathesis' checks; the same requests each time.

    What it writes down to replay a failure lies in `folder`.
    """
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis",
            *("--config-file", HERE / "schemathesis.toml", "run", f"{service.url}/openapi.json"),
            *("--phases", phases, "--max-examples", str(examples), "--seed", "1"),
            *("--request-timeout", "60", "--no-color"),
        ],
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.http.hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "Tested: " in done.stdout


def test_every_operation_answers_its_borders_as_it_is_described(
    tiny_service: LiveService, tmp_path: Path
) -> None:
    examine(tiny_service, tmp_path, "examples,coverage", 1)


@pytest.mark.long
def test_no_request_and_no_series_of_them_breaks_the_description(
    tiny_service: LiveService, tmp_path: Path
) -> None:
    examine(tiny_service, tmp_path, "fuzzing,stateful", 50)
