"""Databases of their own, for tests of what concerns all of one."""

from uuid import uuid4

import psycopg


async def new_database(server_url: str) -> str:
    """Create an empty database beside the one of this address; returns its address."""
    name = f"fresh_{uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as conn:
        await conn.execute(f"create database {name}")
    return server_url.rsplit("/", 1)[0] + f"/{name}"
