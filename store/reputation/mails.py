"""Mails about what the reputation guard found: which are to be sent, to whom, and who is sending them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from domain.reputation.rules import Level, Signal
from store.pool import Connections, Pool

_MOST_STAFF = 20


@dataclass(frozen=True, slots=True)
class DueMail:
    """A finding whose mails are to be sent."""

    id: UUID
    subject: str
    channel: str
    level: Level
    signal: Signal
    sentence: str
    about: str
    """The account's id, the gateway's identifier, or the batch's id."""
    owner_email: str | None
    """Of the account; ``None``: of a gateway of the admin, or of a deleted account."""


_CLAIM = """
with due as (
    select id from reputation_findings where mail_due <= clock_timestamp()
    order by mail_due limit %(limit)s for update skip locked
)
update reputation_findings f set mail_due = clock_timestamp() + %(seconds)s * interval '1 second'
from due where f.id = due.id
returning f.id, f.subject, f.channel, f.level, f.signal, f.sentence,
    coalesce((select g.identifier from gateways g where g.id = f.gateway_id), f.batch_id::text, f.account_id::text)
        as about,
    (select a.email from accounts a where a.id = f.account_id and a.id > 0 and a.status <> 'deleted') as owner_email
"""


async def claim(pool: Pool, seconds: float, limit: int) -> list[DueMail]:
    """Take mails that are to be sent: for ``seconds`` nobody else does, unless ``sent`` says that it is done."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(DueMail)) as cursor:
        await cursor.execute(_CLAIM, {"seconds": seconds, "limit": limit})
        return await cursor.fetchall()


async def sent(pool: Pool, mail: DueMail) -> None:
    """The mail needs no other try."""
    async with pool.connection() as conn:
        await conn.execute("update reputation_findings set mail_due = null where id = %s", (mail.id,))


async def drop(pool: Pool) -> None:
    """Send none of those that are due."""
    async with pool.connection() as conn:
        await conn.execute("update reputation_findings set mail_due = null where mail_due is not null")


async def staff_emails(store: Connections, roles: Collection[str], permission: str) -> list[str]:
    """Addresses of active staff with one of these roles, or one of their own that has the permission."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.email from staff s left join roles r on r.name = s.role
               where s.status = 'active' and (s.expires_at is null or s.expires_at > clock_timestamp())
                     and (s.role = any(%s::text[]) or %s = any(r.permissions))
               order by s.id limit %s""",
            (list(roles), permission, _MOST_STAFF),
        )
        return [email for (email,) in await cursor.fetchall()]
