"""Leads: each one is stored before it is answered for, and stays listed with what became of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections, Pool, long_transaction


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead. What people answered is sealed."""

    id: UUID
    account_id: int
    source_id: UUID
    provider_id: str
    via: str
    """``webhook``, ``form``, ``backfill``, ``import``."""
    state: str
    code: str | None
    why: str | None
    """Why it is in this state, in plain words."""
    notice: dict[str, Any]
    """What the provider posted of it, without what is personal."""
    sealed: bytes | None = field(repr=False)
    """The raw lead (``sealing``); ``None``: it was not fetched yet, or deleted."""
    form_id: str | None
    tries: int
    again_at: datetime | None
    contact_id: UUID | None
    conflict: dict[str, Any] | None
    answered: dict[str, Any] | None
    reply_uid: UUID | None
    first_reply_at: datetime | None
    created_time: datetime | None
    """When the provider got it."""
    received_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewLead:
    """One that has arrived."""

    id: UUID
    account_id: int
    source_id: UUID
    provider_id: str
    via: str
    notice: Mapping[str, Any] = field(default_factory=dict)
    sealed: bytes | None = field(default=None, repr=False)
    form_id: str | None = None
    created_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """One that is stored."""

    id: UUID
    source_id: UUID
    provider_id: str
    is_new: bool
    is_started: bool
    """Whether somebody noted that its workflow was started."""
    may_wait: bool = False
    """Whether others go first: it is one of a file."""


_SOME = 1_000
"""Of a slice."""
COLUMNS = """l.id, l.account_id, l.source_id, l.provider_id, l.via, l.state, l.code, l.why, l.notice, l.sealed,
    l.form_id, l.tries, l.again_at, l.contact_id, l.conflict, l.answered, l.reply_uid, l.first_reply_at,
    l.created_time, l.received_at, l.ended_at"""
_FROM = f"select {COLUMNS} from leads l "  # noqa: S608 - a constant


def digest_of(provider_id: str) -> bytes:
    """By which a lead is known: providers' ids may be longer than an index takes."""
    return hashlib.sha256(provider_id.encode()).digest()


async def receive(store: Connections, new: Sequence[NewLead]) -> list[Received]:
    """Store leads. One that is known already stays as it is."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with given as (
                   select * from json_to_recordset(%s::json) as g (
                       id uuid, account_id bigint, source_id uuid, provider_id text, digest text, via text,
                       notice jsonb, sealed text, form_id text, created_time timestamptz)),
               added as (
                   insert into leads (id, account_id, source_id, provider_id, digest, via, notice, sealed, form_id,
                                      created_time)
                   select id, account_id, source_id, provider_id, decode(digest, 'hex'), via, notice,
                          decode(sealed, 'hex'), form_id, created_time
                   from given order by source_id, digest
                   on conflict (source_id, digest) do nothing returning id, source_id, provider_id),
               seen as (
                   update lead_sources s set last_lead_at = clock_timestamp()
                   where s.id in (select source_id from added)
                     and (s.last_lead_at is null or s.last_lead_at < clock_timestamp() - interval '1 second'))
               select id, source_id, provider_id, true, false from added
               union all
               select l.id, l.source_id, l.provider_id, false, l.started_at is not null
               from given g join leads l on l.source_id = g.source_id and l.digest = decode(g.digest, 'hex')""",
            (_json(new),),
        )
        return [Received(*row) for row in await cursor.fetchall()]


def _json(new: Sequence[NewLead]) -> Jsonb:
    return Jsonb(
        [
            {
                "id": str(one.id),
                "account_id": one.account_id,
                "source_id": str(one.source_id),
                "provider_id": one.provider_id,
                "digest": digest_of(one.provider_id).hex(),
                "via": one.via,
                "notice": one.notice,
                "sealed": None if one.sealed is None else one.sealed.hex(),
                "form_id": one.form_id,
                "created_time": None if one.created_time is None else one.created_time.isoformat(),
            }
            for one in new
        ]
    )


async def note_started(store: Connections, lead_ids: Sequence[UUID]) -> None:
    """Their workflows were started."""
    async with store.connection() as conn:
        await conn.execute(
            "update leads set started_at = clock_timestamp() where id = any(%s) and started_at is null",
            (list(lead_ids),),
        )


async def unstarted(store: Connections, older_than_seconds: float, limit: int) -> Sequence[Received]:
    """Those of which nobody noted that their workflow was started; those of files last."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, source_id, provider_id, false, false, via = 'import' from leads
               where started_at is null and ended_at is null
                 and received_at < clock_timestamp() - %s * interval '1 second'
               order by via = 'import', received_at limit %s""",
            (older_than_seconds, limit),
        )
        return [Received(*row) for row in await cursor.fetchall()]


async def open_for_long(store: Connections, seconds: float, limit: int) -> Sequence[Received]:
    """Those that go on by themselves, were started so long ago, and are not to be tried later."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, source_id, provider_id, false, false, true from leads
               where started_at < clock_timestamp() - %(seconds)s * interval '1 second'
                 and ended_at is null and state <> 'parked'
                 and (again_at is null or again_at < clock_timestamp() - %(seconds)s * interval '1 second')
               order by started_at limit %(limit)s""",
            {"seconds": seconds, "limit": limit},
        )
        return [Received(*row) for row in await cursor.fetchall()]


async def of_id(store: Connections, lead_id: UUID, *, lock: bool = False) -> Lead | None:
    """One, whoever's it is; ``lock``: nobody else changes it until the transaction ends."""
    found = await _read(store, "where l.id = %s for update" if lock else "where l.id = %s", (lead_id,))
    return found[0] if found else None


async def of_digest(store: Connections, source_id: UUID, digest: bytes, *, lock: bool = False) -> Lead | None:
    """The one of a source with this digest of the provider's id."""
    which: LiteralString = "where l.source_id = %s and l.digest = %s"
    found = await _read(store, which + (" for update" if lock else ""), (source_id, digest))
    return found[0] if found else None


async def find(store: Connections, account_id: int, lead_id: UUID) -> Lead | None:
    """One of an account."""
    found = await _read(store, "where l.account_id = %s and l.id = %s", (account_id, lead_id))
    return found[0] if found else None


async def parked(store: Connections, source_id: UUID, after: UUID | None, limit: int) -> Sequence[tuple[UUID, str]]:
    """Those that wait for their source, with their provider's ids, in the order in which they came."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, provider_id from leads
               where source_id = %s and state = 'parked' and (%s::uuid is null or id > %s) order by id limit %s""",
            (source_id, after, after, limit),
        )
        return [(lead_id, provider_id) for lead_id, provider_id in await cursor.fetchall()]


async def newest_fetched(store: Connections, source_id: UUID, but: UUID) -> str | None:
    """The provider's id of the lead that was fetched last: one that should still be there."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select provider_id from leads
               where source_id = %s and id <> %s and via in ('webhook', 'backfill') and state in ('done', 'duplicate')
               order by id desc limit 1""",
            (source_id, but),
        )
        row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def sent_before(
    store: Connections, lead: Lead, contact_id: UUID, form_id: str | None, within: timedelta
) -> UUID | None:
    """A lead of the same contact and the same form that was sent shortly before, and done."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from leads
               where contact_id = %(contact)s and source_id = %(source)s and id <> %(lead)s and state = 'done'
                 and form_id is not distinct from %(form)s
                 and coalesce(created_time, received_at) between %(at)s - %(within)s and %(at)s + %(within)s
               order by id limit 1""",
            {
                "contact": contact_id,
                "source": lead.source_id,
                "lead": lead.id,
                "form": form_id,
                "at": lead.created_time or lead.received_at,
                "within": within,
            },
        )
        row = await cursor.fetchone()
    return None if row is None else UUID(str(row[0]))


async def set_state(
    store: Connections,
    lead_id: UUID,
    state: str,
    code: str | None = None,
    why: str | None = None,
    *,
    again_after: float | None = None,
    tries: int = 0,
    is_over: bool = False,
) -> None:
    """Say how a lead stands. ``again_after``: seconds until its fetch is tried again."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads
               set state = %s, code = %s, why = %s, tries = %s,
                   again_at = clock_timestamp() + %s * interval '1 second',
                   ended_at = case when %s then clock_timestamp() end
               where id = %s and state <> 'erased'""",
            (state, code, why, tries, again_after, is_over, lead_id),
        )


async def keep_raw(
    store: Connections, lead_id: UUID, sealed: bytes, form_id: str | None, created_time: datetime | None
) -> None:
    """Keep what was fetched."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads
               set sealed = %s, form_id = coalesce(%s, form_id), created_time = coalesce(%s, created_time),
                   state = 'fetching', code = null, why = null, tries = 0, again_at = null
               where id = %s and state <> 'erased'""",
            (sealed, form_id, created_time, lead_id),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a lead."""

    state: str
    code: str | None = None
    why: str | None = None
    contact_id: UUID | None = None
    conflict: Mapping[str, Any] | None = None
    answered: Mapping[str, Any] | None = None
    reply_uid: UUID | None = None


async def end(store: Connections, lead_id: UUID, outcome: Outcome) -> None:
    """Write what became of it. What it had begun before stays."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads
               set state = %s, code = %s, why = %s, contact_id = %s, conflict = %s,
                   answered = coalesce(%s, answered), reply_uid = coalesce(%s, reply_uid),
                   again_at = null, tries = 0, ended_at = clock_timestamp()
               where id = %s and state <> 'erased'""",
            (
                outcome.state,
                outcome.code,
                outcome.why,
                outcome.contact_id,
                None if outcome.conflict is None else Jsonb(outcome.conflict),
                None if outcome.answered is None else Jsonb(outcome.answered),
                outcome.reply_uid,
                lead_id,
            ),
        )


async def reopen(store: Connections, lead_id: UUID) -> None:
    """Have it be taken again from the raw lead, or from the fetch."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads
               set state = 'received', code = null, why = null, tries = 0, again_at = null, started_at = null,
                   ended_at = null
               where id = %s and state <> 'erased'""",
            (lead_id,),
        )


async def delete_old_raw(pool: Pool, standard_days: int) -> None:
    """Delete what people answered in leads that are older than their source keeps it. That a lead came stays listed."""
    while True:
        async with long_transaction(pool) as conn:
            cursor = await conn.execute(
                """update leads set sealed = null, notice = '{}' where id = any(array(
                       select l.id from leads l join lead_sources s on s.id = l.source_id
                       where l.sealed is not null and l.ended_at is not null
                         and l.received_at < clock_timestamp() - interval '1 day'
                                             * coalesce((s.settings ->> 'keep_days')::integer, %s)
                       limit %s for update of l skip locked))""",
                (standard_days, _SOME),
            )
            if cursor.rowcount < _SOME:
                return


async def _read(store: Connections, which: LiteralString, values: tuple[object, ...]) -> list[Lead]:
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Lead)) as cursor:
        await cursor.execute(_FROM + which, values)
        return await cursor.fetchall()
