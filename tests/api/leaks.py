"""Looks for secrets, by their very values, wherever an install keeps or tells something."""

import base64
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from google.protobuf.json_format import MessageToDict, MessageToJson, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from runtime.codec import EncryptionCodec
from store.pool import Pool


def forms(secret: str) -> set[str]:
    """How a secret may stand somewhere: as it is, in a URL, in base64, or as bytes in hexadecimal."""
    raw = secret.encode()
    return {secret, quote(secret, safe=""), base64.b64encode(raw).decode().rstrip("="), raw.hex()}


def leaked(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that a text has."""
    return [secret for secret in secrets if any(form in text for form in forms(secret))]


async def leaks_in_tables(pool: Pool, secrets: Iterable[str]) -> list[str]:
    """The tables with rows that have a secret, each with the secret."""
    patterns = {f"%{form}%": secret for secret in secrets for form in forms(secret)}
    async with pool.connection() as conn:
        tables = await (
            await conn.execute(
                """select quote_ident(relname) from pg_class
                   where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace"""
            )
        ).fetchall()
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
        opened = await codec.decode(list(_payloads(MessageToDict(event))))
        texts.append(MessageToJson(event) + "".join(payload.data.decode(errors="replace") for payload in opened))
    return leaked("".join(texts), secrets)


def _payloads(message: Any) -> Iterable[Payload]:
    """All payloads in an event as JSON, wherever they stand."""
    if isinstance(message, dict) and isinstance(message.get("data"), str) and "metadata" in message:
        yield ParseDict(message, Payload())
    elif isinstance(message, dict | list):
        for inner in message.values() if isinstance(message, dict) else message:
            yield from _payloads(inner)
