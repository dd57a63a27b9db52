"""PostgreSQL: whether it answers, its version and clock, the schema, partitions, wallets."""

import hashlib
import time
from collections.abc import Iterator
from functools import partial

from services.doctor.findings import Finding, failure, ok, warning
from store.accounts import credits
from store.doctor import server
from store.migrate import migrate, migrations
from store.pool import Pool, ping
from store.schema.partitions import AHEAD, DAYS_AHEAD, ahead, make_ahead
from store.schema.role_settings import settle_role, unsettled

_OLDEST = 14
_CLOCK = 2.0
"""Seconds that clocks may differ."""
_CROWDED = 0.9
_BEHIND = 30.0
"""Seconds that a replica may be behind."""


async def check_server(pool: Pool) -> list[Finding]:
    """Raises what the driver raises if the database does not answer."""
    await ping(pool)
    found = await server.read(pool)
    version = f"{found.version // 10_000}.{found.version % 10_000}"
    findings = [
        ok("postgres", f"PostgreSQL {version} answers")
        if found.version >= _OLDEST * 10_000
        else failure("postgres", f"PostgreSQL {version} is too old", f"upgrade it to {_OLDEST} or newer")
    ]
    skew = found.clock - time.time()
    findings.append(
        ok("database_clock", f"its clock differs from this machine's by {abs(skew):.1f} s")
        if abs(skew) <= _CLOCK
        else warning(
            "database_clock",
            f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's",
            "have both machines set their clocks by NTP: times of schedules and of keys would be wrong by as much",
        )
    )
    findings.append(
        ok("connections", f"{found.connections} of {found.most_connections} connections are used")
        if found.connections < found.most_connections * _CROWDED
        else warning(
            "connections",
            f"{found.connections} of {found.most_connections} connections are used",
            "raise max_connections, lower XSENDER_DATABASE_POOL_SIZE, or put a pooler before it",
        )
    )
    if not found.is_durable:
        findings.append(
            warning(
                "durability",
                "the server does not wait for its disk: what was accepted may be lost with the power",
                "set fsync and synchronous_commit to on",
            )
        )
    return findings


async def check_schema(pool: Pool, database_url: str) -> list[Finding]:
    """Compare the schema with what this version needs."""
    applied = await server.applied(pool)
    wanted = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in migrations()}
    return list(_schema(applied, wanted, database_url)) or [ok("schema", f"all {len(wanted)} migrations are applied")]


def _schema(applied: dict[str, str], wanted: dict[str, str], database_url: str) -> Iterator[Finding]:
    missing = sorted(wanted.keys() - applied.keys())
    changed = sorted(name for name in wanted.keys() & applied.keys() if wanted[name] != applied[name])
    newer = sorted(name for name in applied.keys() - wanted.keys() if name[:4].isdecimal())
    if missing:
        text = f"{len(missing)} migrations are not applied, the first is {missing[0]}"
        yield failure("schema", text, "xsender migrate", partial(_migrate, database_url))
    if changed:
        text = f"{changed[0]} was changed after it was applied"
        yield failure("schema", text, "install a released version of xsender: this one was altered")
    if newer:
        text = f"the schema is newer than this version: it has {newer[-1]}"
        yield warning("schema", text, "finish the upgrade: start the newer version everywhere")


async def _migrate(database_url: str) -> str:
    return f"{len(await migrate(database_url))} migrations and functions were applied"


async def check_replica(pool: Pool, url: str | None) -> list[Finding]:
    """Whether the replica answers, and how far it is behind. Raises what the driver raises if it does not."""
    if url is None:
        return []
    behind = await server.replica_behind(pool, url)
    if behind is None:
        text = "XSENDER_DATABASE_READ_URL leads to a database that follows no other"
        return [warning("replica", text, "set it to a replica's address, or leave it out")]
    if behind <= _BEHIND:
        return [ok("replica", f"lists are read from it: {behind:.1f} s behind the database")]
    remedy = "see whether it receives and replays the log: pg_stat_replication on the database, its own log"
    return [warning("replica", f"it is {behind:.0f} s behind the database: so are lists", remedy)]


async def check_pooler(pool: Pool, direct_url: str | None) -> list[Finding]:
    """Whether sessions that a pooler opens have the settings that statements rely on."""
    if direct_url is None:
        return []
    missing = await unsettled(pool)
    if not missing:
        return [ok("pooler", "its sessions have the bounds and plans that statements rely on")]
    text = f"sessions of the pooler lack {', '.join(missing)}: no statement of theirs is stopped, plans are poor"
    remedy = "xsender migrate sets them for the role; then have the pooler reconnect (RECONNECT in its console)"
    return [failure("pooler", text, remedy, partial(_settle, direct_url))]


async def _settle(direct_url: str) -> str:
    await settle_role(direct_url)
    return "the role has them now, for sessions that are opened from now on"


async def check_partitions(pool: Pool) -> list[Finding]:
    """Whether messages of the coming months, and what has a partition for each day, have their partitions."""
    async with pool.connection() as conn:
        found = await ahead(conn)
    if not found.is_short:
        return [ok("partitions", f"the next {found.months} months and {found.days} days have partitions")]
    text = f"only {found.months} of the next {AHEAD} months, or {found.days} of {DAYS_AHEAD} days, have partitions"
    remedy = "xsender migrate makes them; the log of the workers says why they could not"
    return [warning("partitions", text, remedy, partial(_make, pool))]


async def _make(pool: Pool) -> str:
    async with pool.connection() as conn:
        return f"{len(await make_ahead(conn))} partitions were made"


async def check_wallets(pool: Pool) -> list[Finding]:
    """Whether all wallets are what their journals add up to."""
    differing = await credits.audit(pool)
    if not differing:
        return [ok("wallets", "all wallets are what their journals add up to")]
    some = ", ".join(f"user {one.account_id} {one.channel}" for one in differing[:3])
    text = f"{len(differing)} wallets differ from their journals: {some}"
    return [failure("wallets", text, "xsender credit audit lists them; do not correct them by hand, and report it")]
