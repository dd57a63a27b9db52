"""What is told about automations and sources of leads: kept, posted to the account's endpoints, and mailed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections, Pool, long_transaction

KEPT_DAYS = 90
MAILS_PER_HOUR = 60
"""Notices of one account that are mailed; further ones are only kept, and posted."""
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice."""

    id: UUID
    account_id: int
    about: str
    """The key of the automation or the source; the column is named after the first that had any."""
    kind: str
    subject: str
    message: str
    emails: list[str]
    at: datetime


async def add(store: Connections, notice: Kept) -> bool:
    """Keep a notice, and have it be mailed. Returns whether it is a new one."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into automation_notices (id, account_id, automation, kind, subject, message, emails, at, mail_due)
               select %(id)s, %(account)s, %(about)s, %(kind)s, %(subject)s, %(message)s, %(emails)s, %(at)s,
                      case when cardinality(%(emails)s::text[]) > 0 and (
                               select count(*) < %(most)s from (
                                   select from automation_notices
                                   where account_id = %(account)s and at > clock_timestamp() - interval '1 hour'
                                     and emails <> '{}' limit %(most)s) as recent)
                           then clock_timestamp() end
               on conflict do nothing""",
            {
                "id": notice.id,
                "account": notice.account_id,
                "about": notice.about,
                "kind": notice.kind,
                "subject": notice.subject,
                "message": notice.message,
                "emails": notice.emails,
                "at": notice.at,
                "most": MAILS_PER_HOUR,
            },
        )
        return cursor.rowcount == 1


async def is_known(store: Connections, notice_id: UUID) -> bool:
    """Whether it was told."""
    async with store.connection() as conn:
        cursor = await conn.execute("select from automation_notices where id = %s", (notice_id,))
        return cursor.rowcount == 1


async def delete(store: Connections, notice_id: UUID) -> None:
    """Delete one, and mail it to nobody."""
    async with store.connection() as conn:
        await conn.execute("delete from automation_notices where id = %s", (notice_id,))


async def claim(pool: Pool, seconds: float, limit: int) -> list[Kept]:
    """Take notices that are to be mailed: for ``seconds`` nobody else does, unless ``mailed`` says that it is done."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Kept)) as cursor:
        await cursor.execute(
            """with due as (
                   select id from automation_notices where mail_due <= clock_timestamp()
                   order by mail_due limit %(limit)s for update skip locked)
               update automation_notices n set mail_due = clock_timestamp() + %(seconds)s * interval '1 second'
               from due where n.id = due.id
               returning n.id, n.account_id, n.automation as about, n.kind, n.subject, n.message, n.emails, n.at""",
            {"seconds": seconds, "limit": limit},
        )
        return await cursor.fetchall()


async def mailed(pool: Pool, notice_id: UUID) -> None:
    """It needs no other try."""
    async with pool.connection() as conn:
        await conn.execute("update automation_notices set mail_due = null where id = %s", (notice_id,))


async def drop(pool: Pool) -> None:
    """Mail none of those that are due."""
    async with pool.connection() as conn:
        await conn.execute("update automation_notices set mail_due = null where mail_due is not null")


async def delete_old(pool: Pool) -> None:
    """Delete what was told long ago."""
    deleted = _AT_A_TIME
    while deleted == _AT_A_TIME:
        async with long_transaction(pool) as conn:
            cursor = await conn.execute(
                """delete from automation_notices where ctid = any(array(
                       select ctid from automation_notices
                       where at < clock_timestamp() - %s * interval '1 day' limit %s))""",
                (KEPT_DAYS, _AT_A_TIME),
            )
            deleted = cursor.rowcount
