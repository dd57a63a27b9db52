"""Batches from the command line: the operator sees and steers everybody's."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from runtime.settings import Settings
from tests.api.batches import ended, send_batch, steer, until, wallet
from tests.cli.conftest import XSENDER, Cli, Ended
from tests.stack import Stack, User

FEW = 501


@pytest.fixture
def batch_cli(cli: Cli, settings: Settings) -> Cli:
    """Run ``xsender batch``, with Temporal at hand."""

    async def run(*arguments: object) -> Ended:
        return await cli("batch", *arguments, XSENDER_TEMPORAL_ADDRESS=settings.temporal_address)

    return run


@pytest.fixture
def watching(environment, settings: Settings, tmp_path) -> Callable[[str], Awaitable[asyncio.subprocess.Process]]:
    """Start ``xsender batch watch``."""

    async def start(uid: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, XSENDER, "batch", "watch", uid),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment | {"XSENDER_TEMPORAL_ADDRESS": settings.temporal_address},
            cwd=tmp_path,
        )

    return start


async def sandbox_user(stack: Stack, **more: object) -> User:
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {}, **more)
    return user


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def test_a_batch_is_listed_with_its_tenant(stack: Stack, batch_cli):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"]
    listed = {batch["uid"]: batch for batch in (await batch_cli("list", "--json")).json}
    assert (listed[uid]["user_id"], listed[uid]["total"], listed[uid]["priority"]) == (user.id, FEW, "bulk")
    assert "@example.com" in listed[uid]["email"]
    printed = await batch_cli("list")
    assert (printed.code, printed.err) == (0, "")
    assert uid in printed.out
    assert listed[uid]["email"] in printed.out
    assert len((await batch_cli("list", "--limit", 1, "--json")).json) == 1
    await steer(stack, user, uid, "cancel")


async def test_a_batch_is_paused_resumed_and_cancelled(stack: Stack, batch_cli):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"]
    assert (await batch_cli("pause", uid, "--json")).json["state"] == "paused"
    assert (await batch_cli("resume", uid, "--json")).json["state"] == "scheduled"
    cancelled = await batch_cli("cancel", uid)
    assert (cancelled.code, cancelled.err) == (0, "")
    assert f"uid: {uid}" in cancelled.out
    assert (await ended(stack, user, uid))["counts"] == {"cancelled": FEW}
    assert await wallet(stack, user) == (1000, 0, 0)
    assert "ended" in (await batch_cli("pause", uid)).refusal


async def test_watching_a_batch_ends_with_it(stack: Stack, batch_cli, watching):
    user = await sandbox_user(stack, per_second=300)
    uid = (await send_batch(stack, user, FEW))["batch"]
    process, result = await asyncio.gather(watching(uid), batch_cli("watch", uid, "--json"))
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    *_, bar, summary = out.decode().splitlines()
    assert f"{FEW}/{FEW}" in bar
    assert f"batch {uid} completed after" in summary
    assert summary.endswith(f"s: {FEW} sent")
    assert result.json["state"] == "completed"
    assert result.json["counts"] == {"sent": FEW}
    assert result.json["credits"]["captured"] == FEW
    assert (await batch_cli("watch", uid, "--json")).json == result.json


async def test_who_stops_watching_does_not_stop_the_batch(stack: Stack, watching):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"]
    process = await watching(uid)
    await is_watching(stack)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert f"the batch {uid} goes on" in err.decode()
    assert (await until(stack, user, uid, lambda data: data["state"] == "scheduled"))["done"] == 0
    await steer(stack, user, uid, "cancel")


async def is_watching(stack: Stack) -> None:
    """Wait until a command has asked the database."""
    async with asyncio.timeout(30):
        while True:
            async with stack.pool.connection() as conn:
                cursor = await conn.execute(
                    """select from pg_stat_activity
                       where application_name = 'xsender-cli' and query ~ 'from (messages|attempts)'"""
                )
                if cursor.rowcount:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("command", ["watch", "pause", "resume", "cancel"])
def test_what_is_no_batch_is_refused(refusal, command):
    assert "no batch" in refusal("batch", command, uuid4())
    assert "UUID" in refusal("batch", command, "none", "--json")


async def test_where_temporal_is_away_the_command_says_so(stack: Stack, cli):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"]
    for command in ("pause", "watch"):
        refused = await cli("batch", command, uid, "--json", XSENDER_TEMPORAL_ADDRESS="127.0.0.1:9")
        assert "Temporal does not answer" in refused.refusal
    await steer(stack, user, uid, "cancel")
