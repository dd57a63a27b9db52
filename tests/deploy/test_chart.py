"""The Helm chart, rendered by Helm and read by Kubernetes' own schemas."""

import json
import tomllib
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from activities.dependencies import DRAIN_SECONDS
from runtime.settings import Settings
from tests.api.application import document
from tests.deploy.checkers import (
    CHART,
    HELM,
    ROOT,
    Manifest,
    ValuesRefusedError,
    faults_of,
    lint,
    manifests,
    needs_checkers,
    render,
)
from workflows.policy import QUEUES

pytestmark = needs_checkers

ALL = {
    "image": {"tag": "1.4.0", "pullSecrets": ["registry"]},
    "temporal": {"address": "temporal:7233", "namespace": "shop", "tls": True, "tlsSecretName": "client"},
    "settings": {"public_url": "https://send.example.com", "keep_months": 13, "log_json": True, "unknown_days": 2.5},
    "builds": {"enabled": True, "deployment": "eu", "keep": ["1.3.0"], "keepUnnamed": "1.2.0"},
    "traces": {"endpoint": "http://collector:4318", "share": 0.5},
    "api": {"tag": "1.3.0"},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "send.example.com",
        "tlsSecretName": "tls",
        "annotations": {"a.b/c": "d"},
    },
    "service": {"annotations": {"a.b/c": "d"}},
    "workers": {"bulk": {"replicas": None}},
    "podAnnotations": {"a.b/c": "d"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "spot", "operator": "Exists"}],
}
"""Values that use everything that the chart can do."""
SECRET = {
    *("XSENDER_DATABASE_URL", "XSENDER_DATABASE_DIRECT_URL", "XSENDER_DATABASE_READ_URL", "OTEL_EXPORTER_OTLP_HEADERS")
} | {f"XSENDER_{name.upper()}" for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
"""Settings that hold a secret: addresses of the database have its password."""
OF_OTHERS = {
    *("FORWARDED_ALLOW_IPS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER_ARG")
}
"""What the HTTP server and OpenTelemetry read by themselves."""
OURS = {
    *("data_dir", "database_url", "database_direct_url", "database_read_url", "keys", "build_id", "deployment"),
    *("temporal_address", "temporal_namespace", "temporal_tls", "temporal_tls_cert", "temporal_tls_key"),
    *("temporal_api_key", "metrics_address", "meta_app_secret", "meta_verify_token", "api_host"),
    *("api_port", "alert_slack_url"),
}
"""Settings that the chart makes, that come from the Secret, or that the image has."""


def of_kind(found: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def pods(found: list[Manifest]) -> list[Manifest]:
    return [one["spec"]["template"]["spec"] for one in found if "template" in one["spec"]]


def environment(pod: Manifest) -> dict[str, Any]:
    names = [one["name"] for one in pod["containers"][0]["env"]]
    assert len(set(names)) == len(names), "named twice"
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in pod["containers"][0]["env"]}


def test_helm_has_nothing_against_it():
    expected = ["icon is recommended", "chart directory is missing these dependencies: temporal"]
    assert [message["error"] for message in lint()] == expected


@pytest.mark.parametrize("values", [{}, ALL], ids=["default", "all"])
def test_kubernetes_knows_every_field(values: dict[str, Any]):
    found = manifests(values)
    assert [fault for one in found for fault in faults_of(one)] == []
    names = [(one["kind"], one["metadata"]["name"]) for one in found]
    assert len(set(names)) == len(names)


def test_the_schemas_would_see_a_mistake():
    api = of_kind(manifests(), "Deployment")["xsender-api"]
    api["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    assert len(faults_of(api)) == 2


def test_a_selector_finds_the_pods_of_one_deployment_only():
    deployments = of_kind(manifests(ALL), "Deployment").values()
    selectors = [json.dumps(one["spec"]["selector"]["matchLabels"], sort_keys=True) for one in deployments]
    assert len(set(selectors)) == len(selectors)
    for one in deployments:
        assert one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("values", [{}, ALL], ids=["default", "all"])
def test_secrets_come_by_reference(values: dict[str, Any]):
    found = manifests(values)
    assert of_kind(found, "Secret") == {}
    for pod in pods(found):
        for name, value in environment(pod).items():
            assert isinstance(value, dict) is (name in SECRET), name
            assert name not in SECRET or value["secretKeyRef"]["key"] == name


@pytest.mark.parametrize("values", [{}, ALL], ids=["default", "all"])
def test_processes_understand_what_they_are_told(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    for pod in pods(manifests(values)):
        told = {name: value if isinstance(value, str) else "x" for name, value in environment(pod).items()}
        assert ("OTEL_TRACES_SAMPLER_ARG" in told) is ("traces" in values)
        told = {name: value for name, value in told.items() if name not in OF_OTHERS}
        with monkeypatch.context() as patched:
            for name, value in told.items():
                patched.setenv(name, value)
            read = Settings()
        assert {name.removeprefix("XSENDER_").lower() for name in told} <= read.model_fields_set
        assert read.temporal_namespace == values.get("temporal", {}).get("namespace", "default")
        assert read.metrics_address == "0.0.0.0:9464"
        assert read.keys == SecretStr("x")


def test_settings_of_values_are_those_of_a_process():
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    known = set(schema["settings"]["properties"]) | OURS
    assert known == set(Settings.model_fields), "a new setting belongs into values.schema.json, or into OURS"
    assert not set(schema["settings"]["properties"]) & OURS


def test_together_workers_serve_every_queue():
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["workers"]["additionalProperties"]
    assert schema["properties"]["queues"]["items"]["enum"] == list(QUEUES)
    arguments = [pod["containers"][0]["args"] for pod in pods(manifests())]
    served = [queue for args in arguments if args[0] == "worker" for queue in args[2].split(",")]
    assert sorted(served) == sorted(QUEUES)


def test_what_asks_for_health_asks_for_what_is_served():
    found = of_kind(manifests(), "Deployment")
    api, *workers = [found[name]["spec"]["template"]["spec"]["containers"][0] for name in sorted(found)]
    probes = {name: probe["httpGet"] for name, probe in api.items() if name.endswith("Probe")}
    assert {one["path"] for one in probes.values()} <= set(document()["paths"])
    assert probes["livenessProbe"]["path"] == "/health/live"
    assert probes["readinessProbe"]["path"] == "/health/ready"
    assert {one["port"] for one in probes.values()} == {"http"}
    assert {port["name"]: port["containerPort"] for port in api["ports"]} == {"http": 8000, "metrics": 9464}
    for worker in workers:
        assert worker["readinessProbe"]["httpGet"] == {"path": "/metrics", "port": "metrics"}
        assert "livenessProbe" not in worker


def test_a_stopping_process_has_its_time():
    for name, one in of_kind(manifests(), "Deployment").items():
        pod = one["spec"]["template"]["spec"]
        if name == "xsender-api":
            asleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert pod["terminationGracePeriodSeconds"] >= 20 + asleep + 5, "timeout_graceful_shutdown of api/server.py"
        else:
            assert pod["terminationGracePeriodSeconds"] >= DRAIN_SECONDS + 10


def test_a_migration_comes_first_and_may_use_the_direct_address():
    (job,) = of_kind(manifests(), "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    direct = environment(job["spec"]["template"]["spec"])["XSENDER_DATABASE_DIRECT_URL"]["secretKeyRef"]
    assert direct["optional"] is True


def test_builds_run_beside_each_other():
    deployments = of_kind(manifests(ALL), "Deployment")
    api = deployments.pop("xsender-api")["spec"]["template"]["spec"]
    assert api["containers"][0]["image"] == "xsender:1.3.0"
    assert len(deployments) == 9
    for name, one in deployments.items():
        pod = one["spec"]["template"]["spec"]
        tag, told = pod["containers"][0]["image"].removeprefix("xsender:"), environment(pod)
        named = (told.get("XSENDER_BUILD_ID"), told.get("XSENDER_DEPLOYMENT"))
        assert named == ((tag, "eu") if tag != "1.2.0" else (None, None))
        assert name.endswith(tag.replace(".", "-")) or tag == "1.2.0", "it goes on under its name"
        assert ("replicas" in one["spec"]) is ("bulk" not in name), "null leaves it to something else"
    assert {name for name in of_kind(manifests(), "Deployment") if "worker" in name} < set(deployments)
    assert all("XSENDER_BUILD_ID" not in environment(pod) for pod in pods(manifests()))


@pytest.mark.parametrize(
    "values",
    [
        {"settings": {"keys": "k1:aaaa"}},
        {"settings": {"no_such": 1}},
        {"workers": {"bulk": {"queues": ["xsender-bulks"]}}},
        {"image": {"tag": "a b"}},
        {"workerTerminationGracePeriodSeconds": 30},
        {"secrets": {"XSENDER_KEYS": "k1:aaaa"}},
    ],
)
def test_other_values_are_refused(values: dict[str, Any]):
    with pytest.raises(ValuesRefusedError):
        render(values)


def test_values_with_temporals_own_chart_are_accepted():
    values = yaml.safe_load((HELM / "examples" / "temporal.yaml").read_text())
    (dependency,) = yaml.safe_load((CHART / "Chart.yaml").read_text())["dependencies"]
    assert values[dependency["alias"]]["enabled"] is True
    assert dependency["condition"] == f"{dependency['alias']}.enabled"
    assert yaml.safe_load((CHART / "values.yaml").read_text())[dependency["alias"]]["enabled"] is False
    served = f"{values[dependency['alias']]['fullnameOverride']}-frontend:7233"
    assert environment(pods(manifests(values))[0])["XSENDER_TEMPORAL_ADDRESS"] == served


def test_the_chart_is_of_this_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == project["version"]
