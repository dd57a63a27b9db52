"""Databases of their own, for tests of what concerns all of one."""

from uuid import uuid4

import psycopg

from runtime.settings import Settings
from store.migrate import migrate

_TEMPLATE = "migrated"


async def new_database(server_url: str) -> str:
    """Create an empty database beside the one of this address; returns its address."""
    return await _create(server_url, f"fresh_{uuid4().hex}")


async def new_install(server_url: str) -> str:
    """As ``new_database``, but with all tables: a copy of one that was migrated takes a tenth of migrating."""
    try:
        return await _copy(server_url)
    except psycopg.errors.InvalidCatalogName:  # the first one of this server
        await migrate(await _create(server_url, _TEMPLATE))
        return await _copy(server_url)


def at(url: str, settings: Settings) -> Settings:
    """These settings for the install whose database is there, and not behind a pooler."""
    return settings.model_copy(update={"database_url": url, "database_direct_url": None})


def addresses(url: str) -> dict[str, str]:
    """The same as environment of a process."""
    return {"XSENDER_DATABASE_URL": url, "XSENDER_DATABASE_DIRECT_URL": ""}


async def _copy(server_url: str) -> str:
    return await _create(server_url, f"fresh_{uuid4().hex}", f"template {_TEMPLATE} strategy file_copy")


async def _create(server_url: str, name: str, how: str = "") -> str:
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as conn:
        await conn.execute(f"create database {name} {how}".encode())
    return server_url.rsplit("/", 1)[0] + f"/{name}"
