"""What ``xsender doctor`` finds in an install where something is wrong, and what it does about it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.keyring import Keyring
from runtime.settings import Settings
from runtime.temporal import connect
from services.alerts.rules import key_of
from services.doctor import database, engine, keys, work
from services.doctor.examining import Install, examine
from services.doctor.findings import Finding
from store.gateways import gateways, routing
from store.leader_lock import HOME, leader_lock
from store.messages import pages
from store.pool import Pool, open_pool
from tests.databases import at
from tests.stack import new_namespace
from tests.store.builders import KEYS, new_account, new_gateway, new_page
from worker.sweeps.install_figures import InstallFigures


async def run(pool: Pool, *statements: str) -> None:
    async with pool.connection() as conn:
        for statement in statements:
            await conn.execute(statement)  # type: ignore[arg-type]


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.check, one.level) for one in found]


async def test_a_new_install_is_well_but_for_its_workers(fresh_pool: Pool, settings: Settings):
    own = {"temporal_namespace": await new_namespace(settings.temporal_address)}
    settings = at(fresh_pool.conninfo, settings).model_copy(update=own)
    found = await examine(Install(settings, fresh_pool, await connect(settings, lazy=True)))
    wrong = {one.check: one.level for one in found if one.level != "ok"}
    assert wrong == {"queues": "failure", "durability": "warning"}, "tests' servers do not wait for their disks"
    assert all(one.remedy for one in found if one.level != "ok")


async def test_servers_that_do_not_answer_are_named(settings: Settings):
    away = settings.model_copy(
        update={"database_url": "postgresql://xsender@127.0.0.1:1/x", "temporal_address": "127.0.0.1:1"}
    )
    pool = await open_pool(away.database_url, 1, "doctor")
    try:
        found = await examine(Install(away, pool, await connect(away, lazy=True)))
    finally:
        await pool.close()
    assert said(found) == [("postgres", "failure"), ("temporal", "failure")]
    assert "127.0.0.1:1" in found[1].message


async def test_missing_migrations_are_applied_by_the_fix(fresh_pool: Pool):
    url = fresh_pool.conninfo
    assert said(await database.check_schema(fresh_pool, url)) == [("schema", "ok")]
    await run(fresh_pool, "drop table unknown_lead_pages", "delete from schema_migrations where name like '0112%'")
    (found,) = await database.check_schema(fresh_pool, url)
    assert (found.level, "0112" in found.message) == ("failure", True)
    assert found.fix is not None
    assert "1 migrations" in await found.fix()
    assert said(await database.check_schema(fresh_pool, url)) == [("schema", "ok")]


async def test_a_newer_and_an_altered_schema_are_told_apart(fresh_pool: Pool):
    await run(fresh_pool, "insert into schema_migrations (name, checksum) values ('9999_later.sql', 'x')")
    assert said(await database.check_schema(fresh_pool, "")) == [("schema", "warning")]
    await run(fresh_pool, "update schema_migrations set checksum = 'x' where name like '0003%'")
    assert said(await database.check_schema(fresh_pool, "")) == [("schema", "failure"), ("schema", "warning")]


async def test_secrets_that_the_ring_does_not_open_are_counted(fresh_pool: Pool):
    await new_gateway(fresh_pool)
    assert said(await keys.check_keys(fresh_pool, KEYS)) == [("keys", "ok")]
    newer = Keyring.generate().replace("k1:", "k2:")
    assert said(await keys.check_keys(fresh_pool, f"{newer},{KEYS}")) == [("keys", "warning")]
    (found,) = await keys.check_keys(fresh_pool, newer)
    assert (found.level, "1 secrets in gateways" in found.message) == ("failure", True)
    assert said(await keys.check_keys(fresh_pool, "")) == [("keys", "failure")]


async def test_gateways_that_do_not_work_and_those_that_are_paused_are_named(fresh_pool: Pool):
    assert said(await work.check_gateways(fresh_pool)) == [("gateways", "ok")]
    down, paused = await new_gateway(fresh_pool), await new_gateway(fresh_pool)
    await routing.record_down(fresh_pool, down, "refused", 9, 5, 60.0, probe=False)
    await run(fresh_pool, f"update gateways set mode = 'paused' where id = '{paused}'")
    assert said(await work.check_gateways(fresh_pool)) == [("gateways", "failure"), ("gateways", "warning")]


async def test_gateways_of_one_name_and_two_owners_are_two_troubles(fresh_pool: Pool):
    owner = await new_account(fresh_pool)
    for gateway in (await new_gateway(fresh_pool), await new_gateway(fresh_pool, owner=owner)):
        await routing.record_down(fresh_pool, gateway, "refused", 9, 5, 60.0, probe=False)
        await run(fresh_pool, f"update gateways set identifier = 'main' where id = '{gateway}'")
    found = await work.check_gateways(fresh_pool)
    assert {key_of(one) for one in found} == {"gateways sms main", f"gateways sms main of user {owner}"}
    figures = InstallFigures(fresh_pool)
    list(figures.collect())
    await figures.look()
    (breakers,) = [one for one in figures.collect() if one.name == "xsender_breaker_state"]
    assert [one.labels for one in breakers.samples] == [{"channel": "sms", "gateway": "main"}], "one series for a name"


@pytest.mark.parametrize(("age", "level"), [(30, "ok"), (90, "failure")])
async def test_messages_that_wait_for_a_gateway_for_too_long_are_a_failure(fresh_pool: Pool, age: int, level: str):
    page = new_page(await new_account(fresh_pool, 5), [1], age=age)
    await pages.hold(fresh_pool, page)
    async with fresh_pool.connection() as conn:
        await conn.execute("update messages set created_at = clock_timestamp() - %s", (timedelta(seconds=age),))
    assert said(await work.check_waiting(fresh_pool)) == [("messages", level)]


async def test_workflows_that_fail_at_every_try_and_wallets_that_differ_are_failures(fresh_pool: Pool):
    await new_account(fresh_pool, 5)
    assert said([*await work.check_workflows(fresh_pool), *await database.check_wallets(fresh_pool)]) == [
        ("workflows", "ok"),
        ("wallets", "ok"),
    ]
    await run(
        fresh_pool,
        f"insert into workflow_checks (id, failing_tries, failing_since) values ('{uuid4()}', 9, now())",
        "update wallets set available = available + 1, granted = granted + 1 where channel = 'sms'",
    )
    found = [*await work.check_workflows(fresh_pool), *await database.check_wallets(fresh_pool)]
    assert said(found) == [("workflows", "failure"), ("wallets", "failure")]


async def test_partitions_that_run_out_are_made_by_the_fix(fresh_pool: Pool):
    async with fresh_pool.connection() as conn:
        names = await (
            await conn.execute(
                "select relname from pg_class where relkind = 'r' and relname ~ '^messages_[0-9]{4}_[0-9]{2}$'"
            )
        ).fetchall()
        last = sorted(name for (name,) in names)[-2:]
        for name in last:
            await conn.execute(f"drop table {name}")
    (found,) = await database.check_partitions(fresh_pool)
    assert found.level == "warning"
    assert found.fix is not None
    await found.fix()
    assert said(await database.check_partitions(fresh_pool)) == [("partitions", "ok")]


def test_versions_of_temporal_are_compared_by_number():
    assert engine._version("1.9.0", Settings()).level == "warning"
    assert engine._version("1.32.0-rc", Settings()).level == "ok"


async def test_an_smpp_gateway_without_a_home_is_found(fresh_pool: Pool, monkeypatch):
    monkeypatch.setattr(work, "TAKEN_OVER_WITHIN", 0.0)
    assert await work.check_home(fresh_pool) == []
    gateway_id = await new_gateway(fresh_pool)
    await run(fresh_pool, "update gateways set type = 'smpp'")
    [found] = await work.check_home(fresh_pool)
    assert (found.level, "xsender-home" in found.remedy) == ("failure", True)
    async with leader_lock(fresh_pool, HOME):
        assert said(await work.check_home(fresh_pool)) == [("home", "ok")]
    await gateways.set_enabled(fresh_pool, gateway_id, False)
    assert await work.check_home(fresh_pool) == []
