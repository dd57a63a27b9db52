"""The resources beside the chart that need operators of others: KEDA, Prometheus', Temporal's worker controller."""

from typing import Any

import yaml

from activities.dependencies import DRAIN_SECONDS
from runtime.settings import Settings
from tests.deploy.checkers import HELM, ROOT, faults_as, manifests, needs_checkers
from workflows.policy import HOME_QUEUE, QUEUES


def example(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((HELM / "examples" / f"{name}.yaml").read_text()))


@needs_checkers
def test_keda_looks_at_every_queue_and_scales_who_serves_it():
    served = {
        one["metadata"]["name"]: set(one["spec"]["template"]["spec"]["containers"][0]["args"][2].split(","))
        for one in manifests()
        if one["kind"] == "Deployment" and one["metadata"]["name"] != "xsender-api"
    }
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]: {trigger["metadata"]["taskQueue"] for trigger in one["spec"]["triggers"]}
        for one in example("keda")
    }
    served["xsender-worker-transactional"].remove(HOME_QUEUE)  # one process polls it, however many there are
    assert scaled == served
    assert all(one["spec"]["minReplicaCount"] >= 1 for one in example("keda")), "from nothing takes seconds"


def test_alert_rules_are_those_of_the_docs():
    monitor, rules = example("prometheus")
    assert rules["spec"] == yaml.safe_load((ROOT / "docs" / "metrics" / "alerts.yml").read_text())
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


def test_the_worker_controller_runs_groups_that_serve_every_queue():
    connection, deployment = example("worker-controller")
    assert deployment["spec"]["workerOptions"]["connectionRef"]["name"] == connection["metadata"]["name"]
    groups = [group["deployment"]["template"]["spec"] for group in deployment["spec"]["workerGroups"]]
    served = [queue for pod in groups for queue in pod["containers"][0]["args"][0].split(",")]
    assert sorted(served) == sorted(QUEUES)
    for pod in groups:
        assert pod["terminationGracePeriodSeconds"] >= DRAIN_SECONDS + 10
        told = {one["name"].removeprefix("XSENDER_").lower() for one in pod["containers"][0]["env"]}
        assert told <= set(Settings.model_fields)


@needs_checkers
def test_kubernetes_knows_every_field_of_its_pods():
    for group in example("worker-controller")[1]["spec"]["workerGroups"]:
        assert faults_as("io.k8s.api.core.v1.PodTemplateSpec", group["deployment"]["template"]) == []
