"""Packages beside xsender that bring a type of gateway: found, checked, and no danger to the others."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from runtime.children import own_command

ADAPTER = '''
import orjson

from domain.channels import Channel
from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, Outcome, Unknown
from gateways.answers import failure, parse
from gateways.base import GatewayConnections, GatewayType
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import ProviderConfig, ProviderGateway


class AcmeConfig(ProviderConfig):
    """An account."""

    SECRETS = frozenset({"token"})

    token: str
    base_url: str = "https://api.acme.example"


class AcmeGateway(ProviderGateway[AcmeConfig]):
    """One message per request."""

    def __init__(self, config: AcmeConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": f"Bearer {config.token}"}
        self._call = call("POST", f"{config.base_url}/messages", headers, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        return self._call, orjson.dumps({"to": message.to, "text": message.body})

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        if answer.status == 200:
            return Accepted(body["id"]) if isinstance(body, dict) and "id" in body else Unknown("without an id")
        return failure(answer)


GATEWAY = GatewayType("acme", frozenset({Channel.SMS}), AcmeConfig, AcmeGateway)
'''
"""A provider as another package would add it."""


def package(folder: Path, name: str, code: str) -> None:
    """Install a package with one gateway into a folder."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[xsender.gateways]\n{name} = {name}:GATEWAY\n")


def xsender(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the packages of a folder."""
    paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        own_command(*arguments, "--json"), env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
    )


def check(folder: Path) -> tuple[int, dict[str, str | None]]:
    """The exit code, and the checks that fail with their problems."""
    done = xsender(folder, "gateway", "check", "acme", "--channel", "sms", "--config-json", '{"token": "t0ken"}')
    results = json.loads(done.stdout)
    assert len(results) > 50
    return done.returncode, {result["check"]: result["problem"] for result in results if not result["passed"]}


def test_a_gateway_of_another_package_is_a_type_like_ours_and_passes_the_checks(tmp_path: Path):
    package(tmp_path, "acme", ADAPTER)
    types = json.loads(xsender(tmp_path, "gateway", "types").stdout)
    assert {"acme", "twilio"} <= {one["type"] for one in types}
    assert check(tmp_path) == (0, {})


@pytest.mark.parametrize(
    ("right", "wrong", "failing", "problem"),
    [
        (
            "return failure(answer)",
            "return Accepted()",
            "Refused if the answer is 400 and ''",
            "Accepted () instead of",
        ),
        ('"without an id")', '"") if False else body["id"]', "a success that is not the provider's own", "it raised"),
        ('frozenset({"token"})', "frozenset()", "secrets are not shown", "names no SECRETS"),
    ],
)
def test_what_an_adapter_gets_wrong_is_named(tmp_path: Path, right: str, wrong: str, failing: str, problem: str):
    assert right in ADAPTER
    package(tmp_path, "acme", ADAPTER.replace(right, wrong))
    code, problems = check(tmp_path)
    assert code == 1
    assert any(name.startswith(failing) and problem in (what or "") for name, what in problems.items()), problems


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise RuntimeError('half installed')", "half installed"),
        ("GATEWAY = 5", "is no gateways.base.GatewayType"),
        (ADAPTER.replace('GatewayType("acme"', 'GatewayType("twilio"'), "the name twilio already"),
    ],
)
def test_a_package_that_is_broken_is_left_out_with_an_error(tmp_path: Path, code: str, why: str):
    package(tmp_path, "acme", code)
    done = xsender(tmp_path, "gateway", "types")
    assert why in done.stderr
    listed = [one["type"] for one in json.loads(done.stdout)]
    assert [name for name in listed if name in ("acme", "twilio")] == ["twilio"]


def test_a_type_that_there_is_not_is_said_so(tmp_path: Path):
    done = xsender(tmp_path, "gateway", "check", "acme", "--channel", "sms")
    assert done.returncode == 1
    assert "is not a type of gateway; known are" in done.stderr
