"""The compose file and the Dockerfile, by the tools that read them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent  # where the wheels of compose and hadolint put their programs
PUBLISHED = {"rialto": 8000, "gateway": 8000, "gateway-gpu": 8000, "grafana": 3000}


def composed(*profiles: str) -> dict[str, Any]:
    words = [word for profile in profiles for word in ("--profile", profile)]
    done = subprocess.run(
        [BIN / "docker-compose", *words, "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


@pytest.mark.parametrize(
    ("profiles", "services"),
    [
        ([], {"rialto"}),
        (["fleet"], {"gateway", "worker", "valkey"}),
        (["gpu"], {"gateway-gpu", "worker-gpu", "valkey", "triton", "dcgm-exporter"}),
        (["default", "observe"], {"rialto", "prometheus", "alertmanager", "grafana"}),
    ],
)
def test_each_profile_brings_up_its_own(profiles: list[str], services: set[str]) -> None:
    assert set(composed(*profiles)) == services


def test_only_gateways_and_grafana_are_reached_from_outside_and_only_from_this_machine() -> None:
    services = composed("default", "fleet", "gpu", "observe")
    ports = {
        name: (port["host_ip"], int(port["published"]))
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    assert ports == {name: ("127.0.0.1", port) for name, port in PUBLISHED.items()}
    outer = {name for name, service in services.items() if "outer" in service["networks"]}
    assert outer == set(PUBLISHED)


def test_our_containers_have_no_root_no_capabilities_and_a_read_only_root() -> None:
    services = composed("default", "fleet", "gpu")
    ours = [service for service in services.values() if service["image"] == "rialto:latest"]
    assert len(ours) == 5
    assert services["triton"]["user"] == "1000:1000"
    for service in (*ours, services["triton"]):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert "USER 10001" in (ROOT / "Dockerfile").read_text()


def test_every_setting_that_compose_names_exists() -> None:
    from service.settings import PREFIX, Settings

    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name, service in composed("default", "fleet", "gpu").items():
        given = {key for key in service.get("environment") or {} if key.startswith(PREFIX)}
        assert given <= known, name


def test_prometheus_scrapes_names_of_the_inner_network_and_waits_for_rialto_alone() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    names, awaited = set[str](), set[str]()
    for job in config["scrape_configs"]:
        names |= {name for found in job.get("dns_sd_configs", ()) for name in found["names"]}
        awaited |= {host for fixed in job.get("static_configs", ()) for host in fixed["targets"]}
    assert awaited == {"rialto:9400"}
    assert "RIALTO_METRICS_PORT=9400" in (ROOT / "Dockerfile").read_text()
    known = set[str]()
    for profile in ("default", "fleet", "gpu"):  # each has somebody called rialto
        services = composed(profile)
        called = {
            alias
            for name, service in services.items()
            for alias in (name, *((service["networks"]["inner"] or {}).get("aliases", ())))
        }
        assert "rialto" in called
        known |= called
    assert names <= known


def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
