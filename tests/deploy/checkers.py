"""What checks the files for containers: Helm itself, and the schemas of Kubernetes and of Compose files.

``make setup`` unpacks them (``peers/unpack.py``); where they cannot be had, their tests are skipped.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.deploy.peers.unpack import KUBERNETES

UNPACKED = Path(__file__).parent / "peers" / "unpacked"
ROOT = Path(__file__).parents[2]
HELM = ROOT / "deploy" / "helm"
CHART = HELM / "xsender"

needs_checkers = pytest.mark.skipif(not UNPACKED.is_dir(), reason="make setup has not unpacked Helm and the schemas")

Manifest = dict[str, Any]

_RENDER = """
import json, sys
from helm_python import chart, errors
try:
    with chart.Chart.load(sys.argv[1]) as loaded:
        print(json.dumps({"files": loaded.render(json.load(sys.stdin), name="xsender", namespace="shop")}))
except errors.HelmValuesError as error:
    print(json.dumps({"refused": str(error)}))
"""
_LINT = "import json, sys; from helm_python import chart; print(json.dumps(chart.lint(sys.argv[1])['messages']))"


class ValuesRefusedError(Exception):
    """The chart's schema refuses the values."""


def render(values: dict[str, Any] | None = None) -> dict[str, str]:
    """What Helm makes of the chart's templates, by their names.

    Raises:
        ValuesRefusedError: the values are not those that the chart takes.
    """
    answer = _helm(_RENDER, json.dumps(values or {}))
    if "refused" in answer:
        raise ValuesRefusedError(answer["refused"])
    return {Path(name).name: text for name, text in answer["files"].items()}


def manifests(values: dict[str, Any] | None = None) -> list[Manifest]:
    """The resources that the chart makes."""
    files = [text for name, text in render(values).items() if name != "NOTES.txt"]
    return [one for text in files for one in yaml.safe_load_all(text) if one]


def lint() -> list[dict[str, Any]]:
    """What Helm has to say about the chart."""
    found: list[dict[str, Any]] = _helm(_LINT)
    return found


def faults_of_compose_file(content: object) -> list[str]:
    """What the Compose specification does not know or want."""
    validator = jsonschema_rs.validator_for(json.loads((UNPACKED / "compose-spec.json").read_text()))
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(content)]


def faults_of(manifest: Manifest) -> list[str]:
    """What the oldest and the newest Kubernetes do not know or want; unknown fields are faults."""
    group = manifest["apiVersion"].split("/")
    kind = ".".join([*(["core"] if len(group) == 1 else [group[0].split(".")[0]]), group[-1], manifest["kind"]])
    return faults_as(f"io.k8s.api.{kind}", manifest)


def faults_as(definition: str, content: object) -> list[str]:
    """The same for a part, by the name of its definition."""
    return [
        f"Kubernetes {version}: {error.instance_path}: {error.message}"
        for version in KUBERNETES
        for error in _validator(version, definition).iter_errors(content)
    ]


@cache
def _validator(version: str, definition: str) -> jsonschema_rs.Validator:
    schema = json.loads((UNPACKED / f"kubernetes-{version}.json").read_text())
    return jsonschema_rs.validator_for({"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"})


def _helm(program: str, given: str = "") -> Any:
    """Run a program with Helm in a process of its own: it brings the runtime of another language along."""
    environment = os.environ | {"PYTHONPATH": str(UNPACKED)}
    command = [sys.executable, "-c", program, str(CHART)]
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
