"""Messages of runs: written with their step, and stored as batches with others of the same step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that no batch was made for yet."""

    id: UUID
    run_id: UUID
    number: int
    """The step's, in the run."""
    account_id: int
    letter: dict[str, Any]
    """What is the same for all that share a batch."""
    contact: dict[str, Any]
    """As in a request to send."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a run, as it is now."""

    step: str
    at: datetime
    """When the step was taken."""
    uid: UUID | None = None
    """``None``: it was not made yet, or there is none."""
    state: str = "queued"
    code: str | None = None
    reason: str | None = None

    @property
    def is_leaving(self) -> bool:
        """Whether it has not left yet."""
        return self.state in _LEAVING


_LEAVING = frozenset(("scheduled", "queued", "processing"))


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one: a message, or why there is none."""

    run_id: UUID
    number: int
    uid: UUID | None
    code: str | None = None
    reason: str | None = None


async def put(store: Connections, letters: Sequence[tuple[Waiting, Sent]]) -> None:
    """Have messages be sent soon."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_outbox (id, run_id, number, account_id, letter, contact)
               select id, run_id, number, account_id, letter, contact
               from unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::bigint[], %s::jsonb[], %s::jsonb[])
                    as t (id, run_id, number, account_id, letter, contact)""",
            (
                *([one.id for one, _ in letters], [one.run_id for one, _ in letters]),
                *([one.number for one, _ in letters], [one.account_id for one, _ in letters]),
                *([Jsonb(one.letter) for one, _ in letters], [Jsonb(one.contact) for one, _ in letters]),
            ),
        )
        await conn.execute(
            """insert into automation_sends (run_id, number, step, at)
               select run_id, number, step, at
               from unnest(%s::uuid[], %s::integer[], %s::text[], %s::timestamptz[]) as t (run_id, number, step, at)""",
            (
                *([one.run_id for one, _ in letters], [one.number for one, _ in letters]),
                *([sent.step for _, sent in letters], [sent.at for _, sent in letters]),
            ),
        )


async def take(store: Connections, older_than_seconds: float, limit: int) -> Sequence[Waiting]:
    """Messages that can share a batch: the oldest that nobody has, and those like it. Locked until the transaction
    ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """with oldest as (
                   select account_id, letter from automation_outbox
                   where created_at <= clock_timestamp() - %(age)s * interval '1 second'
                   order by id limit 1 for update skip locked)
               select o.id, o.run_id, o.number, o.account_id, o.letter, o.contact
               from automation_outbox o join oldest f on f.account_id = o.account_id and f.letter = o.letter
               order by o.id limit %(limit)s for update of o skip locked""",
            {"age": older_than_seconds, "limit": limit},
        )
        return await cursor.fetchall()


async def settle(store: Connections, taken: Sequence[Waiting], made: Sequence[Made], batch_id: UUID | None) -> None:
    """Note what became of messages, and have the batch's workflow be started."""
    async with store.connection() as conn:
        await conn.execute("delete from automation_outbox where id = any(%s)", ([one.id for one in taken],))
        await conn.execute(
            """update automation_sends s set uid = m.uid, code = m.code, reason = m.reason
               from unnest(%s::uuid[], %s::integer[], %s::uuid[], %s::text[], %s::text[])
                    as m (run_id, number, uid, code, reason)
               where s.run_id = m.run_id and s.number = m.number""",
            tuple([getattr(one, name) for one in made] for name in ("run_id", "number", "uid", "code", "reason")),
        )
        if batch_id is not None:
            await conn.execute("insert into automation_batches (batch_id) values (%s)", (batch_id,))


async def started(store: Connections, batch_id: UUID) -> None:
    """The workflow of a batch was started."""
    async with store.connection() as conn:
        await conn.execute("delete from automation_batches where batch_id = %s", (batch_id,))


async def unstarted(store: Connections, older_than_seconds: float) -> Sequence[UUID]:
    """Batches whose workflow may not have been started."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select batch_id from automation_batches
               where created_at <= clock_timestamp() - %s * interval '1 second' order by created_at limit 100""",
            (older_than_seconds,),
        )
        return [batch_id for (batch_id,) in await cursor.fetchall()]


async def sends(store: Connections, run_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[int, Sent]]:
    """The messages of runs, by the numbers of their steps."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.run_id, s.number, s.step, s.at, s.uid,
                      coalesce(m.state, case when s.code is null then 'queued' else 'rejected' end),
                      coalesce(m.code, s.code), coalesce(m.reason, s.reason)
               from automation_sends s left join messages m on m.uid = s.uid
               where s.run_id = any(%s) order by s.run_id, s.number""",
            (list(run_ids),),
        )
        found: dict[UUID, dict[int, Sent]] = {run_id: {} for run_id in run_ids}
        for run_id, number, *values in await cursor.fetchall():
            found[run_id][number] = Sent(*values)
        return found


async def sent_since(
    store: Connections, wanted: Mapping[tuple[UUID, UUID], datetime]
) -> Mapping[tuple[UUID, UUID], int]:
    """How many messages of an automation a contact was sent since a moment; both by their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select w.automation_id, w.contact_id, (
                   select count(*)::integer from automation_runs r join automation_sends s on s.run_id = r.id
                   where r.automation_id = w.automation_id and r.contact_id = w.contact_id
                     and s.at > w.since and s.code is null)
               from unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) as w (automation_id, contact_id, since)""",
            ([automation for automation, _ in wanted], [contact for _, contact in wanted], list(wanted.values())),
        )
        return {(automation, contact): number for automation, contact, number in await cursor.fetchall()}
