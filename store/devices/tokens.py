"""Tokens that pair a phone once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections

KEPT_DAYS = 30
"""How long a token is listed that was used or has expired."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be stored."""

    id: UUID
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """What tokens are for."""

    account_id: int
    gateway_id: UUID
    kind: str
    device_id: UUID | None
    """The phone that they pair again; ``None``: any."""
    label: str | None
    seconds: int
    """How long they can be used."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its text."""

    id: UUID
    account_id: int
    gateway_id: UUID
    kind: str
    device_id: UUID | None
    label: str | None
    expires_at: datetime
    used_at: datetime | None
    used_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """A token that was used just now."""

    id: UUID
    account_id: int
    gateway_id: UUID
    device_id: UUID | None
    account_name: str
    account_status: str


_COLUMNS = """t.id, t.account_id, t.gateway_id, t.kind, t.device_id, t.label, t.expires_at, t.used_at, t.used_by,
    t.created_at"""


async def add(store: Connections, terms: Terms, new: Sequence[NewToken]) -> list[Token]:
    """Store tokens, but those whose digest is another's: codes are short."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(
            f"""insert into device_tokens as t (id, account_id, gateway_id, kind, digest, device_id, label, expires_at)
                select n.id, %s, %s, %s, n.digest, %s, %s, clock_timestamp() + %s * interval '1 second'
                from unnest(%s::uuid[], %s::bytea[]) as n (id, digest)
                on conflict (digest) do nothing returning {_COLUMNS}""",  # noqa: S608 - a constant
            (
                *(terms.account_id, terms.gateway_id, terms.kind, terms.device_id, terms.label, terms.seconds),
                *([one.id for one in new], [one.digest for one in new]),
            ),
        )
        return await cursor.fetchall()


async def use(store: Connections, digest: bytes) -> Used | None:
    """Use a token: of several tries at once, one does. ``None``: there is none that can be used."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Used)) as cursor:
        await cursor.execute(
            """update device_tokens t set used_at = clock_timestamp()
               from accounts a, gateways g
               where t.digest = %s and t.used_at is null and t.expires_at > clock_timestamp()
                 and a.id = t.account_id and a.status <> 'deleted' and g.id = t.gateway_id and g.deleted_at is null
               returning t.id, t.account_id, t.gateway_id, t.device_id, a.name as account_name,
                         a.status as account_status""",
            (digest,),
        )
        return await cursor.fetchone()


async def used_by(store: Connections, token_id: UUID, device_id: UUID) -> None:
    """Note which device a token has paired."""
    async with store.connection() as conn:
        await conn.execute("update device_tokens set used_by = %s where id = %s", (device_id, token_id))


async def count_usable(store: Connections, account_id: int) -> int:
    """How many tokens of an account can be used."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from device_tokens
               where account_id = %s and used_at is null and expires_at > clock_timestamp()""",
            (account_id,),
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def find(store: Connections, token_id: UUID, account_id: int | None) -> Token | None:
    """A token of an account (``None``: of any)."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from device_tokens t
                where t.id = %s and t.account_id = coalesce(%s, t.account_id)""",  # noqa: S608 - a constant
            (token_id, account_id),
        )
        return await cursor.fetchone()


async def page(store: Connections, account_id: int | None, before: UUID | None, limit: int) -> Sequence[Token]:
    """Tokens of an account (``None``: of all), newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from device_tokens t
                where (%(account)s::bigint is null or t.account_id = %(account)s)
                  and (%(before)s::uuid is null or t.id < %(before)s)
                order by t.id desc limit %(limit)s""",  # noqa: S608 - a constant
            {"account": account_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def delete(store: Connections, token_id: UUID) -> None:
    """Delete a token: from now on it cannot be used."""
    async with store.connection() as conn:
        await conn.execute("delete from device_tokens where id = %s", (token_id,))


async def delete_of_device(store: Connections, device_id: UUID) -> None:
    """Delete those that would pair a device again."""
    async with store.connection() as conn:
        await conn.execute("delete from device_tokens where device_id = %s and used_at is null", (device_id,))


async def delete_old(store: Connections) -> None:
    """Delete tokens that were used, or have expired, long ago."""
    async with store.connection() as conn:
        await conn.execute(
            "delete from device_tokens where expires_at < clock_timestamp() - %s * interval '1 day'", (KEPT_DAYS,)
        )
