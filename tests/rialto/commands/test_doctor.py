"""The doctor in set-ups that are really broken, one thing at a time, and in one that is not."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from rialto.commands.doctor import install
from rialto.commands.doctor.machine import check_files, check_memory, check_processor
from rialto.commands.doctor.networks import check_networks
from rialto.commands.doctor.reach import check_port, check_redis, check_triton
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from service.valkey import embedded_valkey
from tests.conftest import ROOT, LiveService
from tests.service.engine.conftest import supervised, tiny_repository

Doctor = Callable[..., tuple[int, dict[str, dict[str, str]]]]


@pytest.fixture
def doctor(tmp_path: Path, no_service: str) -> Doctor:
    """Runs `rialto doctor --json` with settings; returns the exit code and findings by name."""
    own = {
        "RIALTO_DATA": str(tmp_path / "data"),
        "RIALTO_CACHE": str(tmp_path / "cache"),
        "RIALTO_PORT": no_service.rpartition(":")[2],
    }

    def run(**environment: str) -> tuple[int, dict[str, dict[str, str]]]:
        done = subprocess.run(
            [sys.executable, "-m", "rialto.cli", "doctor", "--json"],
            cwd=tmp_path,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        told = json.loads(done.stdout)
        broken = [one["name"] for one in told["findings"] if one["state"] == "broken"]
        assert told["broken"] == len(broken)
        assert all(one["mend"] for one in told["findings"] if one["state"] in ("broken", "note"))
        return done.returncode, {one["name"]: one for one in told["findings"]}

    return run


def test_a_sound_set_up_has_nothing_broken_and_exit_code_0(doctor: Doctor) -> None:
    code, found = doctor()
    assert [one for one in found.values() if one["state"] == "broken"] == []
    assert code == 0
    assert found["network sr4x"]["told"].endswith("digest holds")
    assert found["runtime"]["told"].startswith("onnxruntime 1.")


def test_people_read_the_same_with_what_to_do_below() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rialto.cli", "doctor"],
        cwd=ROOT,
        env={**os.environ, "RIALTO_TRITN_URL": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "broken  settings: unknown settings RIALTO_TRITN_URL" in done.stdout
    assert "docs/04-settings.md" in done.stdout
    assert done.stdout.endswith("1 broken\n")


BROKEN = [
    (
        {
            "RIALTO_REDIS_URL": "redis://:geheim@127.0.0.1:1/0",
            "RIALTO_ENGINE": "triton",
            "RIALTO_TRITON_URL": "127.0.0.1:1",
            "RIALTO_HOST": "203.0.113.7",  # an address that this machine has not
            "RIALTO_DATA": f"{__file__}/data",
        },
        {
            "redis": "***@127.0.0.1:1",
            "triton": "127.0.0.1:1",
            "keys": "from other machines",
            "port": "cannot be listened on",
            "disk": "cannot be written",
        },
    ),
    (
        {
            "RIALTO_REDIS_URL": "nonsense",
            "RIALTO_BLOBS": f"{__file__}/blobs",
            "RIALTO_MODEL_REPO": f"{ROOT}/docs",
        },
        {"redis": "nonsense", "blobs": "cannot be opened", "networks": "no networks below"},
    ),
    ({"RIALTO_MAX_ACTIVE": "none"}, {"settings": "max_active"}),
]


@pytest.mark.parametrize(("environment", "expected"), BROKEN, ids=["outside", "inside", "value"])
def test_what_is_broken_is_named_and_nothing_else_is(
    doctor: Doctor, environment: dict[str, str], expected: dict[str, str]
) -> None:
    code, found = doctor(**environment)
    assert code == 1
    assert {name for name, one in found.items() if one["state"] == "broken"} == set(expected)
    for name, told in expected.items():
        assert told in found[name]["told"]
    assert "geheim" not in json.dumps(found)


def test_a_package_that_is_too_old_is_broken(doctor: Doctor, tmp_path: Path) -> None:
    other = tmp_path / "site/rialto-0.1.0.dist-info"
    other.mkdir(parents=True)
    needs = ["numpy>=99", "no-such-package", "rich>=15"]
    head = "Metadata-Version: 2.1\nName: rialto\nVersion: 0.1.0\nRequires-Python: >=3.11\n"
    lines = "".join(f"Requires-Dist: {one}\n" for one in needs)
    (other / "METADATA").write_text(head + lines)
    code, found = doctor(PYTHONPATH=str(other.parent))
    assert code == 1
    assert found["packages"]["state"] == "broken"
    assert "not >=99" in found["packages"]["told"]
    assert "no-such-package is missing" in found["packages"]["told"]
    assert "rich" not in found["packages"]["told"]


def test_every_extra_is_looked_at_that_people_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for_images_only = {"tensorrt"}
    assert set(install.EXTRAS) == set(project["optional-dependencies"]) - for_images_only


def test_programs_are_those_that_make_installs() -> None:
    line = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if "@command -v" in line
    )
    named = line.partition("command -v ")[2].partition(" |")[0].split()
    assert set(named) == install.PROGRAMS


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "model_repo", tmp_path / "model_repo")
    return tmp_path / "model_repo"


def broken(folder: Path) -> dict[str, str]:
    return {
        one.name: one.told
        for one in check_networks(folder, OnnxRuntime(1))
        if one.state == "broken"
    }


def test_weights_that_were_changed_are_found_by_their_digest(repository: Path) -> None:
    assert broken(repository) == {}
    file = repository / "sr4x/1/model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # the lowest bit of a number
    file.write_bytes(content)
    assert "the card says" in broken(repository)["network sr4x"]


def test_a_config_of_another_network_is_found(repository: Path) -> None:
    config = repository / "jpeg/config.pbtxt"
    config.write_text(config.read_text().replace("artefact", "artifact", 1))
    assert "another card" in broken(repository)["network jpeg"]


def test_a_file_that_was_cut_short_is_found(repository: Path) -> None:
    file = repository / "jpeg/1/model.onnx"
    file.write_bytes(file.read_bytes()[:100_000])
    assert "cannot be loaded" in broken(repository)["networks"]


def test_a_port_is_fine_where_a_rialto_answers_and_broken_where_another_listens(
    live_service: LiveService, service: Any, acts: Any
) -> None:
    port = int(live_service.url.rpartition(":")[2])
    assert check_port("127.0.0.1", port).state == "fine"
    service.play(acts.document({"info": {"title": "Something else"}}))
    found = check_port("127.0.0.1", int(service.url.rpartition(":")[2]))
    assert (found.state, "another program" in found.told) == ("broken", True)


def test_a_port_where_something_listens_in_silence_is_broken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert check_port("127.0.0.1", silent.getsockname()[1]).state == "broken"


async def test_a_redis_must_not_evict_and_should_keep_a_file(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:

        def seen(name: str, value: str) -> str:
            with Redis.from_url(url) as redis:
                redis.config_set(name, value)
            return check_redis(url).state

        assert await asyncio.to_thread(seen, "maxmemory-policy", "noeviction") == "fine"
        assert await asyncio.to_thread(seen, "maxmemory-policy", "allkeys-lru") == "broken"
        assert await asyncio.to_thread(seen, "maxmemory-policy", "noeviction") == "fine"
        assert await asyncio.to_thread(seen, "appendonly", "no") == "note"


@pytest.mark.parametrize(
    ("line", "state"),
    [("flags: fpu avx avx2 fma", "fine"), ("Features: fp asimd", "fine"), ("flags: fpu", "note")],
)
def test_a_processor_without_vectors_is_worth_a_note(tmp_path: Path, line: str, state: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"model name : A processor\n{line}\n")
    assert check_processor(tmp_path / "cpuinfo").state == state


def test_bounds_beyond_the_memory_are_worth_a_note() -> None:
    assert check_memory(decoders=1, decode_memory_mb=512, held_mb=64).state == "fine"
    assert check_memory(decoders=64, decode_memory_mb=65_536, held_mb=64).state == "note"


def test_few_open_files_are_worth_a_note() -> None:
    assert check_files().state == "fine"
    code = "from rialto.commands.doctor.machine import check_files; print(check_files().state)"
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 256; {sys.executable} -c '{code}'"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "note\n"


def test_a_triton_is_asked_what_it_serves(tmp_path: Path) -> None:
    with supervised(tiny_repository(tmp_path / "repo")) as live:
        (found,) = check_triton(live.url, wanted=True)
    assert found.state == "fine"
    assert found.told.endswith(f"serves test@{'0' * 12}")
