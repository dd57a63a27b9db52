"""Attachments of emails: stored before their messages are accepted, read when these are sent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from store.pool import Pool, long_transaction

KEPT = timedelta(days=7)
"""How long a file is kept after the time at which its messages are due; a due message waits at most a day."""


def file_id(account_id: int, content: bytes) -> str:
    """A file's id, in hex: equal files of an account are one."""
    return sha256(b"%d:" % account_id + content).hexdigest()


async def keep(pool: Pool, account_id: int, files: Mapping[str, bytes], due: datetime) -> None:
    """Store files by their ids, for messages that are due then. Existing ones are kept as long."""
    if not files:
        return
    ids = sorted(files)  # in one order, so that two requests with the same files cannot deadlock
    async with pool.connection() as conn:
        await conn.execute(
            """insert into attachments as a (id, account_id, content, keep_until)
               select f.id, %s, f.content, %s from unnest(%b::bytea[], %b::bytea[]) as f (id, content)
               on conflict (id) do update set keep_until = greatest(a.keep_until, excluded.keep_until)""",
            (account_id, due + KEPT, [bytes.fromhex(name) for name in ids], [files[name] for name in ids]),
        )


async def load(pool: Pool, file: str) -> bytes | None:
    """A file by its id; ``None``: it is no longer stored."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select content from attachments where id = %s", (bytes.fromhex(file),))
        row = await cursor.fetchone()
        return None if row is None else bytes(row[0])


async def keep_longer(pool: Pool, uid: UUID, due: datetime) -> None:
    """Keep the files of a rescheduled message (in fact all of its account) until its new time."""
    async with pool.connection() as conn:
        await conn.execute(
            """update attachments a set keep_until = greatest(a.keep_until, %s) from messages m
               where m.uid = %s and m.channel = 'email' and a.account_id = m.account_id and a.keep_until < %s""",
            (due + KEPT, uid, due + KEPT),
        )


async def delete_expired(pool: Pool) -> None:
    """Delete expired files, but none of an account with an unfinished batch: that may be paused for long."""
    async with long_transaction(pool) as conn:
        await conn.execute(
            """delete from attachments a where a.keep_until < clock_timestamp()
               and not exists (select from batches b where b.account_id = a.account_id and b.finished_at is null)"""
        )
