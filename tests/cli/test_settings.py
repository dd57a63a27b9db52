"""Settings of the install by commands, and as a file."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest_asyncio

from domain.keyring import Keyring
from embedded.engine import Engine
from store.pool import Pool, open_pool
from tests.cli.conftest import XSENDER
from tests.databases import addresses, new_install

SECRET = "hunter2-hunter2-hunter2"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_database(engine: Engine) -> dict[str, str]:
    """The settings of an install of these tests' own: others leave gateways that do not open."""
    url = await new_install(engine.database_url)
    return addresses(url) | {"XSENDER_KEYS": Keyring.generate()}


@pytest_asyncio.fixture
async def environment(environment: dict[str, str], own_database: dict[str, str]) -> dict[str, str]:
    return environment | own_database


@pytest_asyncio.fixture
async def own_pool(own_database: dict[str, str]) -> AsyncIterator[Pool]:
    opened = await open_pool(own_database["XSENDER_DATABASE_URL"], 3, "tests")
    yield opened
    await opened.close()


async def test_settings_are_shown_and_set(cli):
    before = (await cli("settings", "show", "--json", XSENDER_UNKNOWN_DAYS="9")).json
    assert (before["unknown_days"], before["sources"]["unknown_days"]) == (9.0, "environment")
    patch = '{"unknown_days": 5, "system_mail": {"host": "mx.example.com", "from_address": "a@example.com"}}'
    changed = (await cli("settings", "set", "--config-json", patch, "--json", XSENDER_UNKNOWN_DAYS="9")).json
    assert (changed["unknown_days"], changed["sources"]["unknown_days"]) == (5.0, "stored")
    assert changed["system_mail"]["host"] == "mx.example.com"
    (event,) = (await cli("audit", "list", "--target", "settings:install", "--limit", 1, "--json")).json
    assert (event["action"], event["actor"]["type"]) == ("settings.updated", "cli")
    back = await cli("settings", "set", "--config-json", '{"unknown_days": null, "system_mail": null}', "--json")
    assert "stored" not in back.json["sources"].values()


def test_what_cannot_be_is_refused(refusal):
    assert "there is no country XX" in refusal("settings", "set", "--config-json", '{"default_region": "XX"}')


def gateway_file(folder: Path, name: str, reference: str, **more: Any) -> Path:
    file = folder / "settings.yaml"
    rest = "".join(f"    {key}: {value}\n" for key, value in more.items())
    file.write_text(
        f"""apiVersion: xsender/v1
gateways:
  sms/{name}:
    type: http
    config:
      url: https://sms.example.com/send
      headers: {{Authorization: {{secretRef: '{reference}'}}}}
{rest}"""
    )
    return file


async def test_a_file_is_compared_applied_and_pruned(cli, tmp_path: Path):
    name = f"file-{uuid4().hex[:8]}"
    file = gateway_file(tmp_path, name, "env:THE_SECRET")
    found = await cli("settings", "diff", file, THE_SECRET=SECRET)
    assert (found.code, found.out.splitlines()[0]) == (2, f"create gateways: sms/{name}")
    assert "config.headers.Authorization: (secret)" in found.out
    assert (await cli("settings", "apply", "--dry-run", file, THE_SECRET=SECRET)).out == found.out
    (applied,) = (await cli("settings", "apply", file, "--json", THE_SECRET=SECRET)).json
    assert (applied["key"], applied["action"]) == (f"sms/{name}", "create")
    (tmp_path / "secret").write_text(SECRET + "\n")
    again = await cli("settings", "diff", gateway_file(tmp_path, name, f"file:{tmp_path}/secret"))
    assert (again.code, again.out) == (0, "nothing to change\n")
    file.write_text("apiVersion: xsender/v1\ngateways: {}\n")
    assert (await cli("settings", "apply", "--prune", file)).out.startswith(f"delete gateways: sms/{name}")


async def test_an_export_has_the_sections_that_are_asked_for(cli):
    assert (await cli("settings", "export", "--kind", "roles")).out.startswith("apiVersion: xsender/v1\nroles:")


def test_a_section_or_a_secret_that_there_is_not_is_refused(refusal, tmp_path: Path):
    assert "no section plan" in refusal("settings", "export", "--kind", "plan")
    file = gateway_file(tmp_path, "main", "env:NOT_THERE")
    assert "the environment has no NOT_THERE" in refusal("settings", "diff", file)
    assert "cannot be read" in refusal("settings", "diff", gateway_file(tmp_path, "main", "file:/none"))


async def test_a_command_that_is_killed_within_leaves_nothing(
    cli, environment: dict[str, str], own_pool: Pool, tmp_path: Path
):
    """It is held up at its last object by another session, and killed there."""
    name, plan = f"file-{uuid4().hex[:8]}", f"plan {uuid4().hex[:8]}"
    file = gateway_file(tmp_path, name, "env:THE_SECRET")
    file.write_text(file.read_text() + f"plans:\n  {plan}: {{}}\n")
    arguments = (sys.executable, XSENDER, "settings", "apply", file)
    async with own_pool.connection() as conn, conn.transaction(force_rollback=True):
        await conn.execute("insert into plans (name) values (%s)", (plan,))
        process = await asyncio.create_subprocess_exec(*arguments, env=environment | {"THE_SECRET": SECRET})
        await until_it_waits(own_pool)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with own_pool.connection() as conn:
        cursor = await conn.execute("select count(*) from gateways where identifier = %s", (name,))
        assert await cursor.fetchone() == (0,)
    assert (await cli("settings", "diff", file, THE_SECRET=SECRET)).out.count("create") == 2


async def until_it_waits(pool: Pool) -> None:
    async with asyncio.timeout(30), pool.connection() as conn:
        waiting = "select from pg_stat_activity where application_name like 'xsender-cli%' and wait_event_type = 'Lock'"
        while (await conn.execute(waiting)).rowcount == 0:
            await asyncio.sleep(0.02)
