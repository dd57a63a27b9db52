"""Templates as messages are made from them, and which messages were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from domain.ids import index_of
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Usable:
    """What a send takes of a template."""

    published: int | None
    is_archived: bool
    number: int | None
    """Of the version; ``None``: there is none of the wanted number."""
    version_id: int | None
    ready: dict[str, Any] | None


async def find(store: Connections, account_id: int, key: str, number: int | None) -> Usable | None:
    """A version of an account's template (``None``: the published one); ``None``: it has no such template."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select t.published, t.archived_at is not null, v.number, v.id, v.ready
               from templates t
               left join template_versions v on v.template_id = t.id and v.number = coalesce(%s, t.published)
               where t.account_id = %s and t.key = %s""",
            (number, account_id, key),
        )
        row = await cursor.fetchone()
        return Usable(*row) if row else None


def noting(page_id: UUID | None, version_id: int, indexes: Sequence[int] | None) -> tuple[LiteralString, Sequence[Any]]:
    """The statement that notes from which version messages of a page, or all of a batch, were made."""
    return (
        "insert into sent_templates values (%s, %s, %s::integer[]) on conflict do nothing",
        (page_id, version_id, None if indexes is None else list(indexes)),
    )


async def of_message(store: Connections, uid: UUID) -> dict[str, Any] | None:
    """From which template and version a message was made; ``None``: from none."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select t.key, v.number from sent_templates s
                   join template_versions v on v.id = s.version_id join templates t on t.id = v.template_id
               where s.id in (page_of(%(uid)s), batch_of(page_of(%(uid)s)))
                   and (s.indexes is null or %(index)s = any(s.indexes))""",
            {"uid": uid, "index": index_of(uid)},
        )
        row = await cursor.fetchone()
        return {"key": row[0], "version": row[1]} if row else None


async def delete_older_than(store: Connections, months: int, limit: int = 10_000) -> int:
    """Forget of which templates messages were whose partitions were dropped. Returns how many rows."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """delete from sent_templates where (id, version_id) in (
                   select id, version_id from sent_templates
                   where id < uid_at(date_trunc('month', clock_timestamp()) - make_interval(months => %s)) limit %s)""",
            (months, limit),
        )
        return cursor.rowcount
