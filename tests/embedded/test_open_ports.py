"""What the embedded servers listen on: this machine only, and nothing that a web page can use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest_asyncio
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


Running = tuple[Temporal, WebUi, int]
"""A server with its web UI, and its process id."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(tmp_path_factory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("temporal")
    ports = [free_port()]
    while len(ports) < 3:
        ports.append(free_port(avoid=ports))
    ui = WebUi(ports[1], ports[2])
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


async def test_a_web_page_starts_nothing_at_any_port(running: Running):
    server, ui, pid = running
    open_ports = listening(pid)
    assert {host for host, _ in open_ports} == {"127.0.0.1", ui.own_host}
    for address, port in [*open_ports, ("127.0.0.1", ui.port)]:
        for host in ("", f"localhost:{port}", "evil.example", f"evil.example:{port}"):
            assert not await starts_a_workflow(server.address, f"http://{address}:{port}", host), port


async def test_the_web_ui_works_at_its_address_and_for_no_other_host(running: Running):
    _, ui, _ = running
    async with httpx.AsyncClient(timeout=5, follow_redirects=True) as http:
        assert "<html" in (await http.get(ui.url)).text.lower()
        async with asyncio.timeout(20):  # until it has found its server
            while (namespaces := await http.get(f"{ui.url}/api/v1/namespaces")).status_code == 503:
                await asyncio.sleep(0.1)
        assert namespaces.status_code == 200
        assert "default" in namespaces.text
        rebound = await http.get(f"{ui.url}/api/v1/namespaces", headers={"Host": "evil.example"})
        assert rebound.status_code == 421


async def test_nothing_else_tells_a_rebound_page_of_workflows(running: Running):
    _, ui, pid = running
    async with httpx.AsyncClient(timeout=5) as http:
        for port in {port for _, port in listening(pid)} | {ui.port}:
            try:
                url = f"http://127.0.0.1:{port}/api/v1/namespaces"
                answer = await http.get(url, headers={"Host": f"evil.example:{port}"})
            except httpx.HTTPError:  # speaks something else, or is not there
                continue
            assert answer.status_code >= 400, (port, answer.text)


async def test_an_engine_for_tests_has_no_web_ui(tmp_path: Path):
    async with Engine(tmp_path, postgres=False) as engine:
        pid = engine.pid("temporal")
        assert pid is not None
        assert {host for host, _ in listening(pid)} == {"127.0.0.1"}


async def test_postgres_listens_on_this_machine_only(tmp_path: Path):
    async with Engine(tmp_path, temporal=False, durable=False) as engine:
        pid = engine.pid("postgres")
        assert pid is not None
        assert [host for host, _ in listening(pid)] == ["127.0.0.1"]
