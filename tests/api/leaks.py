"""Looks for secrets, by their very values, wherever an install keeps or tells something."""

import base64
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from google.protobuf.json_format import MessageToDict, MessageToJson, ParseDict
from psycopg import AsyncConnection
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from domain.keyring import KeyringError
from runtime.codec import EncryptionCodec
from store.pool import Pool


def forms(secret: str) -> set[str]:
    """How a secret may stand somewhere: as it is, in a URL, in base64 also of more text, or as bytes in hexadecimal."""
    raw = secret.encode()
    return {secret, quote(secret, safe=""), raw.hex(), *(_in_base64(raw, before) for before in range(3))}


def _in_base64(raw: bytes, before: int) -> str:
    """What base64 of a text has of it, whatever stands before it and after it."""
    whole = (before + len(raw)) // 3 * 4  # what comes after changes the last group
    return base64.b64encode(b"." * before + raw).decode()[4 if before else 0 : whole]


def leaked(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that a text has."""
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


_TABLES = """select quote_ident(relname) from pg_class
             where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace"""
_KINDS = ("user", "test", "admin", "staff", "session", "once")
_OURS = "|".join(
    (
        f"xs_({'|'.join(_KINDS)})_[A-Za-z0-9_-]{{40}}",
        f"78735f({'|'.join(kind.encode().hex() for kind in _KINDS)})5f",  # the same as bytes
        "whsec_[A-Za-z0-9+/]{32}",
        "BEGIN [A-Z ]*PRIVATE KEY",
    )
)
"""Secrets that an install makes, by their form."""


async def tables_with_secrets(conn: AsyncConnection[Any]) -> list[str]:
    """The tables with rows that have a secret of ours, whoever it was made for."""
    tables = [table for (table,) in await (await conn.execute(_TABLES)).fetchall()]
    return [
        table
        for table in tables
        if (await conn.execute(f"select from {table} t where t::text ~ %s limit 1".encode(), (_OURS,))).rowcount
    ]


async def leaks_in_tables(pool: Pool, secrets: Iterable[str]) -> list[str]:
    """The tables with rows that have a secret, each with the secret."""
    patterns = {f"%{form}%": secret for secret in secrets for form in forms(secret)}
    async with pool.connection() as conn:
        tables = await (await conn.execute(_TABLES)).fetchall()
        found = []
        for (table,) in tables:
            rows = await conn.execute(
                f"""select distinct p from {table} t join unnest(%s::text[]) as p on t::text like p""".encode(),
                (list(patterns),),
            )
            found += [f"{table}: {patterns[pattern]}" for (pattern,) in await rows.fetchall()]
    return found


async def leaks_in_histories(client: Client, codec: EncryptionCodec, secrets: list[str], most: int) -> list[str]:
    """The workflows, of the latest ``most``, whose histories have a secret."""
    latest = [one async for one in client.list_workflows(limit=most)]
    return [f"{one.id}: {found}" for one in latest for found in await leaks_in_history(client, codec, secrets, one.id)]


async def leaks_in_history(client: Client, codec: EncryptionCodec, secrets: list[str], workflow_id: str) -> list[str]:
    """The secrets in the history of a workflow, opened with the keys of the install."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    texts = []
    for event in history.events:
        texts.append(MessageToJson(event))
        for payload in _payloads(MessageToDict(event)):
            with suppress(KeyringError):  # of another install beside this one
                (opened,) = await codec.decode([payload])
                texts.append(opened.data.decode(errors="replace"))
    return leaked("".join(texts), secrets)


def _payloads(message: Any) -> Iterable[Payload]:
    """All payloads in an event as JSON, wherever they stand."""
    if isinstance(message, dict) and isinstance(message.get("data"), str) and "metadata" in message:
        yield ParseDict(message, Payload())
    elif isinstance(message, dict | list):
        for inner in message.values() if isinstance(message, dict) else message:
            yield from _payloads(inner)
