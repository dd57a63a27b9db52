"""All checks of an install, one after the other. One that cannot be made is a finding, and ends no other."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from psycopg import Error
from psycopg_pool import PoolTimeout
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.settings import Settings
from services.doctor import builds, database, engine, keys, running_out, traffic, work
from services.doctor.findings import Finding, failure
from store.pool import Pool

Check = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Install:
    """What is looked at."""

    settings: Settings
    pool: Pool
    client: Client
    """It need not be connected."""


async def examine(install: Install, without: Collection[str] = ()) -> list[Finding]:
    """Everything that there is to say of it. ``without``: checks of the database that are left out."""
    pool, settings = install.pool, install.settings
    found = await _made("postgres", lambda: database.check_server(pool))
    if found[0].level != "failure":
        found += await _made("schema", lambda: database.check_schema(pool, settings.database_session_url))
    if all(one.level != "failure" for one in found):
        for name, check in _of_database(install).items():
            if name not in without:
                found += await _made(name, check)
    return found + await _of_engine(install)


def _of_database(install: Install) -> dict[str, Check]:
    """Those that need the schema of this version."""
    pool, settings = install.pool, install.settings
    return {
        "disk": lambda: running_out.check_disk(pool, settings),
        "partitions": lambda: database.check_partitions(pool),
        "pooler": lambda: database.check_pooler(pool, settings.database_direct_url),
        "replica": lambda: database.check_replica(pool, settings.database_read_url),
        "keys": lambda: keys.check_keys(pool, settings.keys.get_secret_value()),
        "expiry": lambda: running_out.check_expiry(pool, settings),
        "queues": lambda: work.check_queues(pool),
        "home": lambda: work.check_home(pool),
        "workflows": lambda: work.check_workflows(pool),
        "gateways": lambda: work.check_gateways(pool),
        "failures": lambda: traffic.check_failures(pool),
        "phones": lambda: traffic.check_phones(pool),
        "messages": lambda: work.check_waiting(pool),
        "credits": lambda: running_out.check_credits(pool),
        "wallets": lambda: database.check_wallets(pool),
    }


async def _made(name: str, check: Check) -> list[Finding]:
    try:
        return list(await check())
    except (Error, PoolTimeout) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        text = f"PostgreSQL does not answer what is asked: {why}"
        return [failure(name, text, "see that it runs, and that XSENDER_DATABASE_URL names it")]


async def _of_engine(install: Install) -> list[Finding]:
    try:
        found = await engine.check_engine(install.client, install.settings)
        return [*found, *await builds.check_builds(install.client, install.settings)]
    except (RPCError, RuntimeError):  # both say it in words of their libraries
        text = f"Temporal does not answer at {install.settings.temporal_address}"
        return [failure("temporal", text, "see that it runs, and that XSENDER_TEMPORAL_ADDRESS names it")]
