"""What the embedded servers listen on: this machine only, and nothing that a web page can use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.engine import Engine
from embedded.ports import free_port
from embedded.supervisor import Supervisor
from embedded.temporal import Temporal
from embedded.web_ui import WebUi

START = '{"workflowType":{"name":"SendWorkflow"},"taskQueue":{"name":"xsender"}}'
FOREIGN = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
"""What a browser sends without asking first."""


@asynccontextmanager
async def temporal_with_ui(folder: Path) -> AsyncIterator[tuple[Temporal, WebUi, int]]:
    ports = [free_port()]
    while len(ports) < 3:
        ports.append(free_port(avoid=ports))
    ui = WebUi(folder, ports[1], ports[2])
    server = Temporal(folder, ports[0], ui)
    async with ui.reachable(), Supervisor(folder) as supervisor:
        await supervisor.start(server.child())
        pid = supervisor.pid("temporal")
        assert pid is not None
        yield server, ui, pid


def listening(pid: int) -> list[tuple[str, int]]:
    """Where a process listens."""
    found = psutil.Process(pid).net_connections("tcp")
    return [tuple(link.laddr) for link in found if link.status == psutil.CONN_LISTEN]


async def starts_a_workflow(address: str, base: str, host: str = "") -> bool:
    """Whether a post as a web page sends it starts a workflow there."""
    id_ = f"from-a-page-{uuid4()}"
    headers = FOREIGN | ({"Host": host} if host else {})
    async with httpx.AsyncClient(timeout=5) as http:
        for body in (START, START[:-1] + f',"workflowId":"{id_}"}}'):
            try:
                await http.post(f"{base}/api/v1/namespaces/default/workflows/{id_}", content=body, headers=headers)
            except httpx.HTTPError:  # speaks something else
                return False
    try:
        await (await Client.connect(address)).get_workflow_handle(id_).describe()
    except RPCError:
        return False
    return True


async def test_a_web_page_starts_nothing_at_any_port(tmp_path: Path):
    async with temporal_with_ui(tmp_path) as (server, ui, pid):
        open_ports = listening(pid)
        assert {host for host, _ in open_ports} == {"127.0.0.1"}
        for _, port in [*open_ports, ("", ui.port)]:
            for host in ("", f"localhost:{port}", "evil.example", f"evil.example:{port}"):
                assert not await starts_a_workflow(server.address, f"http://127.0.0.1:{port}", host), port


async def test_no_port_tells_metrics(tmp_path: Path):
    async with temporal_with_ui(tmp_path) as (_, _, pid), httpx.AsyncClient(timeout=5) as http:
        for _, port in listening(pid):
            try:
                answer = await http.get(f"http://127.0.0.1:{port}/metrics")
            except httpx.HTTPError:
                continue
            assert answer.status_code >= 400, port


async def test_the_web_ui_works_at_its_address_and_for_no_other_host(tmp_path: Path):
    async with temporal_with_ui(tmp_path) as (_, ui, _), httpx.AsyncClient(timeout=5, follow_redirects=True) as http:
        assert "<html" in (await http.get(ui.url)).text.lower()
        namespaces = await http.get(f"{ui.url}/api/v1/namespaces")
        assert namespaces.status_code == 200
        assert "default" in namespaces.text
        rebound = await http.get(f"{ui.url}/api/v1/namespaces", headers={"Host": "evil.example"})
        assert rebound.status_code == 421


async def test_the_uis_own_port_tells_nothing_to_who_does_not_know_the_path(tmp_path: Path):
    async with temporal_with_ui(tmp_path) as (_, ui, _), httpx.AsyncClient(timeout=5) as http:
        for path in ("", "/", "/api/v1/namespaces", "/api/v1/settings", "/namespaces/default/workflows"):
            for port in (ui.own_port, ui.port):
                answer = await http.get(f"http://127.0.0.1:{port}{path}")
                assert answer.status_code >= 400, (path, answer.text)
                assert ui.path not in answer.text


async def test_an_engine_for_tests_has_no_web_ui(tmp_path: Path):
    async with Engine(tmp_path, postgres=False) as engine:
        pid = engine.pid("temporal")
        assert pid is not None
        assert {host for host, _ in listening(pid)} == {"127.0.0.1"}


async def test_postgres_listens_on_this_machine_only(tmp_path: Path):
    async with Engine(tmp_path, temporal=False, durable=False) as engine:
        pid = engine.pid("postgres")
        assert pid is not None
        members = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        found = {address for member in members for address in listening(member.pid)}
        assert {host for host, _ in found} == {"127.0.0.1"}
        assert len(found) == 1
