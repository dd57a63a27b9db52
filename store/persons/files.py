"""Files of operations that may have values of a person: exports, and faulty rows of imports."""

import gzip
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from store.operations import operations
from store.pool import Connections

_CODE, _REASON = "person_erased", "a person was erased while it was made: begin it again"
_OF_PERSONS = "persons.export"
_EXPORTS = ("users.export", _OF_PERSONS)


async def delete_files(
    store: Connections, account_id: int, texts: Sequence[str], since: datetime | None, until: datetime
) -> int:
    """Delete the files of an account's operations that were begun ``since`` (``None``: ever) and ``until`` then, but
    exports of persons only if they have one of these texts. Exports that are being made end. Returns how many parts."""
    await _end_exports(store, account_id, until)
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, kind from operations o where account_id = %(account)s and created_at <= %(until)s
                 and (%(since)s::timestamptz is null or created_at >= %(since)s)
                 and exists (select from operation_files f where f.operation_id = o.id)""",
            {"account": account_id, "until": until, "since": since},
        )
        found = await cursor.fetchall()
        theirs = [id_ for id_, kind in found if kind != _OF_PERSONS or await _has(store, id_, texts)]
        return (await conn.execute("delete from operation_files where operation_id = any(%s)", (theirs,))).rowcount


async def _end_exports(store: Connections, account_id: int, until: datetime) -> None:
    """What they have read before would be in their files, or be missing there."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from operations where account_id = %s and kind = any(%s) and created_at <= %s
               and state in ('queued', 'running') order by id for update""",
            (account_id, list(_EXPORTS), until),
        )
        for (operation_id,) in await cursor.fetchall():
            await operations.fail(store, operation_id, _CODE, _REASON)


async def _has(store: Connections, operation_id: UUID, texts: Sequence[str]) -> bool:
    async with store.connection() as conn:
        cursor = await conn.execute("select content from operation_files where operation_id = %s", (operation_id,))
        return any(
            any(text in part for text in texts)
            for (content,) in await cursor.fetchall()
            for part in [gzip.decompress(content).decode()]
        )
