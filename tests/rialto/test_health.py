import json
import subprocess
import sys

from deploy.ports import free_ports
from tests.conftest import LiveService


def health(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "rialto.cli", "health", "--url", url, *options]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_a_ready_service_is_healthy_and_one_that_is_not_there_is_not(
    live_service: LiveService,
) -> None:
    assert health(live_service.url).returncode == 0
    done = health(f"http://127.0.0.1:{free_ports(1)[0]}")
    assert done.returncode == 1
    assert "no answer" in done.stderr


def test_a_program_reads_readiness_as_json_from_standard_output(live_service: LiveService) -> None:
    assert json.loads(health(live_service.url, "--json").stdout)["ready"] is True
    done = health(f"http://127.0.0.1:{free_ports(1)[0]}", "--json")
    assert (done.returncode, json.loads(done.stdout)["ready"], done.stderr) == (1, False, "")
