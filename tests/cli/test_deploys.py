"""``xsender deploy`` and ``xsender replay-check``, with real workers of several builds."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from domain.errors import ConflictError, NotFoundError
from domain.keyring import Keyring
from embedded.engine import Engine
from runtime.children import environment_of, own_command
from runtime.settings import Settings
from services.deploys.builds import Build, Deployment, read
from services.deploys.routing import drain, promote, ramp
from services.doctor.builds import check_builds, judge
from tests.cli.conftest import Cli, Ended
from tests.databases import addresses, new_install
from tests.faults.sink import running_sink
from tests.gateways.smsc import smsc
from tests.stack import Stack, new_namespace, run_stack, run_worker
from worker.replay.checking import check
from workflows.policy import BULK_QUEUES, DISPATCH_QUEUE, QUEUES, WORKFLOW_QUEUE

ROOT = Path(__file__).parents[2]


@dataclass
class Install:
    """An install of the module's own, whose workers have builds."""

    stack: Stack
    workers: AsyncExitStack

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.stack.settings) | addresses(self.stack.settings.database_url)

    async def start(self, build: str, *queues: str) -> Callable[[], Awaitable[None]]:
        """Start a worker of a build. Returns how it is stopped."""
        settings = self.stack.settings.model_copy(update={"build_id": build})
        one = AsyncExitStack()
        await one.enter_async_context(run_worker(settings, self.stack.temporal, queues or QUEUES))
        self.workers.push_async_exit(one)
        return one.aclose


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def install(engine: Engine) -> AsyncIterator[Install]:
    settings = Settings(
        database_url=await new_install(engine.database_url),
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
    async with run_stack(settings, worker=False) as stack, AsyncExitStack() as workers:
        yield Install(stack, workers)


async def until(install: Install, reached: Callable[[dict[str, Build]], object]) -> dict[str, Build]:
    """The builds by name, once they are so."""
    async with asyncio.timeout(60):
        while True:
            with suppress(NotFoundError):
                builds = {one.build: one for one in (await read(install.stack.temporal, "xsender")).builds}
                if reached(builds):
                    return builds
            await asyncio.sleep(0.05)


def by_name(ended: Ended) -> dict[str, Any]:
    return {one["build"]: one for one in ended.json}


async def test_a_build_is_ramped_promoted_and_drained_and_its_pages_go_on(install: Install, cli: Cli):
    stack, deploy = install.stack, partial(cli, "deploy", **install.environment)
    assert "XSENDER_BUILD_ID" in (await deploy("status")).refusal
    await install.start("part", WORKFLOW_QUEUE, DISPATCH_QUEUE)
    stop_a = await install.start("a")
    builds = await until(install, lambda builds: len(builds) == 2 and not builds["a"].missing_queues)
    assert set(builds["part"].missing_queues) >= set(BULK_QUEUES)
    assert "xsender-leads" in (await deploy("promote", "part")).refusal
    [found] = await check_builds(stack.temporal, stack.settings)
    assert (found.level, "promoted" in found.message) == ("warning", True)
    with pytest.raises(NotFoundError, match="there are"):
        await ramp(stack.temporal, "xsender", "nope", 10)
    with pytest.raises(ConflictError, match="promote one first"):
        await drain(stack.temporal, "xsender", "a", move=True, seconds=0)
    assert by_name(await deploy("promote", "a", "--json"))["a"]["state"] == "current"
    [found] = await check_builds(stack.temporal, stack.settings)
    assert found.level == "ok"

    async with running_sink(1, thinks=0.0) as sink:
        user = await stack.user()
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        contact = {"number": "+14155550123", "body": "hi", "gateway_identifier": "sink"}
        later = {"schedule_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        sent, waits = [(await stack.send(user, "sms", contact | more)).json()["data"][0]["uid"] for more in ({}, later)]
        assert (await stack.final(user, "sms", sent))["state"] == "sent"
        await until(install, lambda builds: builds["a"].pinned == 1)

        await install.start("b")
        await until(install, lambda builds: "b" in builds and not builds["b"].missing_queues)
        ramped = by_name(await deploy("ramp", "b", "25", "--json"))
        assert {name: (one["state"], one["percent"]) for name, one in ramped.items()} == {
            "a": ("current", 75.0),
            "b": ("ramping", 25.0),
            "part": ("new", 0.0),
        }
        with pytest.raises(ConflictError, match="is the current one"):
            await ramp(stack.temporal, "xsender", "a", 25)
        with pytest.raises(ConflictError, match="promote another"):
            await drain(stack.temporal, "xsender", "b", move=False, seconds=0)
        assert (await ramp(stack.temporal, "xsender", "b", 0)).find("b").percent == 0.0
        promoted = by_name(await deploy("promote", "b", "--json"))
        assert {name: one["state"] for name, one in promoted.items()} == {"a": "old", "b": "current", "part": "new"}
        assert {name: one["safe_to_remove"] for name, one in promoted.items()} == {"a": False, "b": False, "part": True}

        waiting = await deploy("drain", "a", "--wait", "0")
        assert (waiting.code, "pinned: 1" in waiting.out) == (1, True)
        moved = await deploy("drain", "a", "--move", "--wait", "0")
        assert "moved: 1" in moved.out
        assert "pinned: 0" in moved.out
        await stop_a()
        now = {"schedule_at": datetime.now(UTC).isoformat()}
        answer = await stack.http.post(f"/api/sms/{waits}/reschedule", json=now, headers=user.headers)
        assert answer.status_code == 200, answer.text
        assert (await stack.final(user, "sms", waits))["state"] == "sent"
        assert sink.arrived == {sent: 1, waits: 1}


async def test_the_home_sends_for_pages_of_every_build(install: Install):
    stack = install.stack
    async with smsc() as peer:
        user = await stack.user()
        config = {"host": "127.0.0.1", "port": peer.port, "system_id": "u", "password": "p"}
        await stack.gateway(user.id, "sms", "smpp", config | {"allow_private_network": True}, identifier="line")
        contact = {"number": "+14155550123", "body": "hi", "gateway_identifier": "line"}
        later = {"schedule_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        uids = []
        for build in ("c", "d"):
            await install.start(build)
            await until(install, lambda builds, name=build: name in builds and not builds[name].missing_queues)
            await promote(stack.temporal, "xsender", build)
            answers = [await stack.send(user, "sms", contact | more) for more in ({}, later)]
            uids += [answer.json()["data"][0]["uid"] for answer in answers]
            await until(install, lambda builds, name=build: builds[name].pinned == 1)
        now = {"schedule_at": datetime.now(UTC).isoformat()}
        for uid in uids:
            if (await stack.status(user, "sms", uid))["state"] == "scheduled":
                answer = await stack.http.post(f"/api/sms/{uid}/reschedule", json=now, headers=user.headers)
                assert answer.status_code == 200, answer.text
        assert {(await stack.final(user, "sms", uid))["state"] for uid in uids} == {"sent"}
        assert len(peer.all("submit_sm")) == 4
        assert len(peer.all("bind")) == 1, "of all workers one is the home"


def test_the_doctor_tells_of_work_that_goes_to_a_build_without_workers():
    build = Build("a", "current", 100.0, 0, 0, ["xsender-leads"], safe_to_remove=False)
    found = judge(Deployment("xsender", [build], b""))
    assert (found.level, "xsender-leads" in found.message) == ("failure", True)


def test_a_time_that_is_none_is_refused(refusal: Callable[..., str]):
    assert "as in 7d" in refusal("replay-check", "--since", "soon")


async def test_live_workflows_are_replayed_and_an_incompatible_change_is_refused(
    install: Install, cli: Cli, tmp_path: Path
):
    ended = await cli("replay-check", "--since", "1h", "--json", **install.environment)
    assert ended.json["ok"]
    assert ended.json["failures"] == []
    pages = ended.json["replayed"]["SendWorkflow"]
    assert pages >= 2
    few = await check(install.stack.temporal, datetime.now(UTC) - timedelta(hours=1), limit=1)
    assert sum(few.replayed.values()) == 1

    shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    changed = tmp_path / "workflows" / "send.py"
    run = "        await (self._page.run()"
    assert run in changed.read_text()
    changed.write_text(changed.read_text().replace(run, f"        await workflow.sleep(1)\n{run}"))
    process = await asyncio.create_subprocess_exec(
        *own_command("replay-check", "--since", "1h"),
        env=os.environ | install.environment | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    *failures, summary = out.decode().splitlines()
    assert process.returncode == 1, err.decode()
    assert len(failures) == pages
    assert all(line.startswith("SendWorkflow send-") and "ondeterminism" in line for line in failures)
    assert summary.startswith(f"{pages} of ")
