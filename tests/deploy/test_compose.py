"""docker-compose.yml, as far as it can be tried without a container engine."""

import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from temporalio.client import Client

from embedded.engine import Engine
from runtime.retention import NEEDED, retention
from runtime.settings import Settings
from store.pool import Pool
from tests.api.application import document
from tests.deploy.checkers import faults_of_compose_file, needs_checkers
from workflows.policy import QUEUES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

ONCE = {"temporal-schema", "temporal-namespace", "migrate"}
"""Services that do one thing and end."""
NO_CHECK = {"worker", "worker-bulk", "temporal-ui", *ONCE}
"""Those without a health check: workers listen nowhere, and `/health` of the API says whether they work."""
TEMPORAL_ROLES = 4
"""Frontend, history, matching and worker, each with a pool of its own for either database."""
SMALLEST_MACHINE = 8 * 1024
"""MiB that all services at their usual scale may take."""

_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<default>:[?+-][^}]*)?\}")


def variables(text: str) -> dict[str, str]:
    """What is interpolated, with the default or the complaint that follows the name."""
    return {found["name"]: found["default"] or "" for found in _VARIABLE.finditer(text)}


def filled(text: str, **values: str) -> str:
    """The text as docker compose hands it on."""

    def value(found: re.Match[str]) -> str:
        default = found["default"] or ""
        return values.get(found["name"]) or (default[2:] if default.startswith(":-") else "x")

    return _VARIABLE.sub(value, text).replace("$$", "$")


def number(setting: str) -> int:
    """A setting of PostgreSQL's command line."""
    (found,) = [part for part in SERVICES["postgres"]["command"] if part.startswith(f"--{setting}=")]
    return int(re.sub(r"\D", "", found))


def mebibytes(limit: str) -> int:
    return int(limit.removesuffix("m"))


def test_every_variable_is_explained():
    explained = set(re.findall(r"^#? ?(\w+)=", EXAMPLE, re.MULTILINE))
    bare = {name for service in SERVICES.values() for name, v in service.get("environment", {}).items() if v is None}
    assert variables(TEXT).keys() | bare == explained


@needs_checkers
def test_it_is_a_compose_file():
    content = yaml.safe_load(filled(TEXT, FRONT_NETWORK="172.30.199"))
    assert faults_of_compose_file(content) == []
    content["services"]["api"]["health_check"] = {}
    assert len(faults_of_compose_file(content)) == 1, "the schema would see a mistake"


def test_processes_know_what_they_are_told():
    named = {name for one in SERVICES.values() if one["image"] == "xsender" for name in one["environment"]}
    ours = {name for name in named if not name.startswith("OTEL_")} - {"FORWARDED_ALLOW_IPS"}
    assert {name.removeprefix("XSENDER_").lower() for name in ours} <= set(Settings.model_fields)


def test_what_must_be_set_stands_open_in_the_example():
    demanded = {name for name, default in variables(TEXT).items() if default.startswith(":?")}
    assert demanded == set(re.findall(r"^(\w+)=$", EXAMPLE.partition("# Optional")[0], re.MULTILINE))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_bounds_and_comes_back(name: str):
    service = SERVICES[name]
    assert service["restart"].startswith("on-failure:") if name in ONCE else service["restart"] == "unless-stopped"
    assert service["logging"]["driver"] == "json-file"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["mem_limit"].endswith("m")
    assert ("healthcheck" in service) is (name not in NO_CHECK)


def test_what_a_service_waits_for_can_be_waited_for():
    for service in SERVICES.values():
        for name, on in service.get("depends_on", {}).items():
            assert (on["condition"] == "service_completed_successfully") is (name in ONCE)
            assert (on["condition"] == "service_healthy") is ("healthcheck" in SERVICES[name])


def test_an_upgrade_goes_from_the_schema_over_workers_to_the_api():
    for name in ("worker", "worker-bulk"):
        assert "migrate" in SERVICES[name]["depends_on"]
        assert name in SERVICES["api"]["depends_on"]
    assert "api" in SERVICES["proxy"]["depends_on"]


def test_connections_fit_into_postgresql_at_the_largest_scale():
    ours = sum(
        count * int(SERVICES[name]["environment"]["XSENDER_DATABASE_POOL_SIZE"])
        for name, count in COMPOSE["x-largest-scale"].items()
    )
    pools = SERVICES["temporal"]["environment"]
    engine = TEMPORAL_ROLES * (int(pools["SQL_MAX_CONNS"]) + int(pools["SQL_VIS_MAX_CONNS"]))
    total = ours + engine + COMPOSE["x-other-connections"]
    assert total <= number("max_connections")
    assert f"= {ours}" in TEXT, "the sum in the comment"
    assert f"= {engine}" in TEXT, "the sum in the comment"
    assert f"sum      {total}" in TEXT, "the sum in the comment"
    assert COMPOSE["x-largest-scale"].keys() == {n for n, s in SERVICES.items() if s["image"] == "xsender"} - ONCE


def test_memory_fits_into_a_machine():
    assert sum(mebibytes(s["mem_limit"]) for name, s in SERVICES.items() if name not in ONCE) <= SMALLEST_MACHINE
    assert number("shared_buffers") < mebibytes(SERVICES["postgres"]["mem_limit"]) / 2
    assert number("effective_cache_size") < mebibytes(SERVICES["postgres"]["mem_limit"])


async def test_postgresql_knows_its_settings(pool: Pool):
    names = [part.removeprefix("--").split("=")[0] for part in SERVICES["postgres"]["command"][1:]]
    async with pool.connection() as conn:
        rows = await (await conn.execute("select name from pg_settings where name = any(%s)", (names,))).fetchall()
    assert {name for (name,) in rows} == set(names)


def test_together_workers_serve_every_queue():
    served = [queue for name in ("worker", "worker-bulk") for queue in SERVICES[name]["command"][2].split(",")]
    assert sorted(served) == sorted(QUEUES)


def test_any_number_of_apis_stands_behind_one_proxy():
    assert "ports" not in SERVICES["api"], "a port of the machine can be one container's only"
    assert set(SERVICES["proxy"]["networks"]) & set(SERVICES["api"]["networks"]) == {"front"}
    address = filled(SERVICES["proxy"]["networks"]["front"]["ipv4_address"])
    assert address in filled(SERVICES["api"]["environment"]["FORWARDED_ALLOW_IPS"]).split(",")
    config = COMPOSE["configs"]["proxy"]["content"]
    (places,) = set(re.findall(r"server-template api (\d+) api:8000", config))
    assert int(places) >= COMPOSE["x-largest-scale"]["api"]


def test_temporals_web_ui_is_reached_under_this_machines_names_only():
    assert "ports" not in SERVICES["temporal-ui"]
    assert not set(SERVICES["temporal-ui"]["networks"]) & {"edge", "front"}, "past the proxy"
    assert "127.0.0.1:8080:8080" in [filled(port) for port in SERVICES["proxy"]["ports"]]
    frontend = COMPOSE["configs"]["proxy"]["content"].partition("frontend temporal-ui")[2]
    rule = "http-request deny deny_status 421 unless { req.hdr(host),host_only,lower -m str 127.0.0.1 localhost }"
    assert frontend.split("\n")[2].strip() == rule


def test_what_asks_for_the_apis_health_asks_for_routes_of_the_api():
    routes = {path for path in document()["paths"] if path.startswith("/health")}
    proxy = COMPOSE["configs"]["proxy"]["content"]
    backends = re.findall(r"^backend (\w+)$.*?^  option httpchk GET (\S+)$", proxy, re.MULTILINE | re.DOTALL)
    (container,) = re.findall(r'"GET", "([^"]+)"', SERVICES["api"]["healthcheck"]["test"][-1])
    assert dict(backends) == {"ready": "/health/ready", "live": "/health/live"}
    assert container == "/health/live"
    assert routes == {"/health", container, *dict(backends).values()}


async def _make_namespace(engine: Engine, retention: str) -> None:
    """Run the script that makes the namespace; like docker compose, again when it fails."""
    script = SERVICES["temporal-namespace"]["command"][2].replace("--namespace default", "--namespace shop")
    environment = {"TEMPORAL_ADDRESS": engine.temporal_address, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    async with asyncio.timeout(40):  # the server remembers for a while that it was asked for one that was not there
        code = None
        while code != 0:
            process = await asyncio.create_subprocess_exec(
                *("sh", "-ec", filled(script, TEMPORAL_RETENTION=retention)),
                env=environment,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            code = await process.wait()


async def test_the_namespace_keeps_what_has_ended_for_long_enough_also_in_an_older_install(engine: Engine):
    shop = await Client.connect(engine.temporal_address, namespace="shop", lazy=True)
    await _make_namespace(engine, "72h")
    assert await retention(shop) == timedelta(hours=72)
    await _make_namespace(engine, "")
    assert await retention(shop) == NEEDED
