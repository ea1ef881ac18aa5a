"""The Kubernetes deployment: rendered by kustomize, held to Kubernetes' schemas and our rules."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.kustomize.alerts import RULE, prometheus_rule
from service.settings import PREFIX, Settings

OVERLAYS = ("cpu", "gpu", "s3")
FOLDER = Path(__file__).parents[2] / "deploy/kustomize"
BIN = Path(sys.executable).parent
# Of KEDA and the Prometheus Operator: no schema of theirs is to be had here.
FOREIGN = {
    "ScaledObject": "keda.sh/v1alpha1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PodMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
}


@cache
def rendered(folder: Path) -> tuple[dict[str, Any], ...]:
    done = subprocess.run(
        [BIN / "kubectl", "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, *kinds: str) -> dict[str, dict[str, Any]]:
    found = [one for one in rendered(FOLDER / "overlays" / overlay) if one["kind"] in kinds]
    return {one["metadata"]["name"]: one for one in found}


def pods(overlay: str) -> dict[str, dict[str, Any]]:
    """The pods' specs by what they are called."""
    found = of_kind(overlay, "Deployment", "StatefulSet")
    return {name: one["spec"]["template"]["spec"] for name, one in found.items()}


def environment(overlay: str, pod: dict[str, Any]) -> dict[str, str]:
    [container] = pod["containers"]
    own = {one["name"]: one["value"] for one in container.get("env", ())}
    settings: dict[str, str] = of_kind(overlay, "ConfigMap")["rialto-settings"]["data"]
    return settings | own


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_is_what_kubernetes_takes(overlay: str) -> None:
    documents = rendered(FOLDER / "overlays" / overlay)
    ours = [one for one in documents if one["kind"] not in FOREIGN]
    assert len(ours) >= 15
    for one in ours:
        kubernetes_validate.validate(one, "1.34", strict=True)
    for one in documents:
        assert one["apiVersion"] == FOREIGN.get(one["kind"], one["apiVersion"])
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "rialto"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_has_root_a_writable_root_a_token_or_boundless_resources(overlay: str) -> None:
    for name, pod in pods(overlay).items():
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        for bound in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][bound].keys()
        assert {"startupProbe", "livenessProbe"} <= container.keys()
        assert name == "worker" or "readinessProbe" in container


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_stopped_pod_has_longer_than_its_grace_which_is_longer_than_a_step(overlay: str) -> None:
    for name in ("gateway", "worker"):
        pod = pods(overlay)[name]
        grace_s = float(environment(overlay, pod)["RIALTO_GRACE_S"])
        stop = pod["containers"][0].get("lifecycle", {}).get("preStop", {})
        before_s = stop.get("sleep", {"seconds": 0})["seconds"]
        assert grace_s >= 4 * Settings().grace_s
        assert pod["terminationGracePeriodSeconds"] >= before_s + grace_s + 20


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_exists_and_keys_are_asked_for(overlay: str) -> None:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in ("gateway", "worker"):
        given = environment(overlay, pods(overlay)[name])
        assert given.keys() <= known
        values = {key.removeprefix(PREFIX).lower(): value for key, value in given.items()}
        assert Settings.model_validate(values).auth == "on"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_refers_to_another_document_finds_it(overlay: str) -> None:
    labels = {
        name: one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
        for name, one in of_kind(overlay, "Deployment", "StatefulSet").items()
    }
    assert all(name == label for name, label in labels.items())
    for name, one in of_kind(overlay, "Service", "PodDisruptionBudget").items():
        selector = one["spec"]["selector"]
        chosen = selector.get("matchLabels", selector)
        assert chosen == {"app.kubernetes.io/name": name}
        assert name in labels
    budgets = of_kind(overlay, "PodDisruptionBudget")
    assert budgets.keys() == labels.keys()
    for one in of_kind(overlay, "ScaledObject", "HorizontalPodAutoscaler").values():
        target = one["spec"]["scaleTargetRef"]["name"]
        assert target in labels
        assert "replicas" not in of_kind(overlay, "Deployment")[target]["spec"]
    volumes = {
        volume["persistentVolumeClaim"]["claimName"]
        for pod in pods(overlay).values()
        for volume in pod.get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    assert volumes == of_kind(overlay, "PersistentVolumeClaim").keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_closed_and_only_what_is_needed_is_opened(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    everyone = policies["nobody"]["spec"]
    assert everyone == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name in pods(overlay):
        for rule in policies[name]["spec"]["ingress"]:
            assert rule["from"], name
            assert rule["ports"], name
    into_valkey = policies["valkey"]["spec"]["ingress"]
    assert [port["port"] for rule in into_valkey for port in rule["ports"]] == [6379]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_prometheus_scrapes_is_opened_to_it_and_to_nobody_else(overlay: str) -> None:
    ports = {
        name: {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
        for name, pod in pods(overlay).items()
    }
    policies, services = of_kind(overlay, "NetworkPolicy"), of_kind(overlay, "Service")
    monitors = of_kind(overlay, "ServiceMonitor") | of_kind(overlay, "PodMonitor")
    assert {"gateway", "worker"} <= monitors.keys()
    for name, monitor in monitors.items():
        [endpoint] = monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
        assert "authorization" not in endpoint
        if monitor["kind"] == "ServiceMonitor":
            assert endpoint["port"] in {port["name"] for port in services[name]["spec"]["ports"]}
        scraped = ports[name][endpoint["port"]]
        [rule] = [
            rule
            for rule in policies[name]["spec"]["ingress"]
            if scraped in {port["port"] for port in rule["ports"]}
        ]
        namespaces = [one["namespaceSelector"]["matchLabels"] for one in rule["from"]]
        assert namespaces == [{"kubernetes.io/metadata.name": "monitoring"}]


def test_gpus_are_tritons_alone_and_a_bucket_needs_no_volume() -> None:
    gpu = pods("gpu")
    limits = {name: pod["containers"][0]["resources"]["limits"] for name, pod in gpu.items()}
    assert [name for name, bound in limits.items() if "nvidia.com/gpu" in bound] == ["triton"]
    assert environment("gpu", gpu["worker"])["RIALTO_ENGINE"] == "triton"
    assert of_kind("s3", "PersistentVolumeClaim") == {}
    assert environment("s3", pods("s3")["worker"])["RIALTO_BLOBS"].startswith("s3://")


def test_a_slice_of_a_gpu_is_asked_for_instead_of_a_whole_one(tmp_path: Path) -> None:
    overlay = FOLDER / "overlays" / f"tried-{tmp_path.name}"
    overlay.mkdir()
    document = {"resources": ["../gpu"], "components": ["../../components/mig"]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(document))
    try:
        found = rendered(overlay)
    finally:
        (overlay / "kustomization.yaml").unlink()
        overlay.rmdir()
    [triton] = [
        one for one in found if one["kind"] == "Deployment" and one["metadata"]["name"] == "triton"
    ]
    kubernetes_validate.validate(triton, "1.34", strict=True)
    limits = triton["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert {name for name in limits if "nvidia" in name} == {"nvidia.com/mig-1g.10gb"}


def test_the_operators_rules_are_those_that_are_tested() -> None:
    assert RULE.read_text() == prometheus_rule()
