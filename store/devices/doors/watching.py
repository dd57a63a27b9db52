"""What streams of events tell phones, read for many at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.devices.messages import Session
from store.devices.devices import SEEN_EVERY
from store.devices.handing import DUE_AGAIN
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Changes:
    """What there is to say to a phone."""

    settings: int
    """Version of the settings that it is to have."""
    has_settings: bool
    """Whether it has fetched that version, in this session."""
    cancelling: Sequence[tuple[UUID, int]]
    """Messages that it is to give back: uid and attempt."""


async def changes(store: Connections, sessions: Sequence[Session]) -> Mapping[UUID, Changes]:
    """By device; those whose session is over are left out."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select d.id, d.settings, coalesce(d.fetched = d.settings and d.fetched_by = d.session, false),
                      m.uid, m.attempt
               from unnest(%s::uuid[], %s::bytea[]) as u (id, session)
               join devices d on d.id = u.id and d.session = u.session and d.state = 'active'
               left join device_messages m on m.device_id = d.id and m.state = 'handed' and m.is_cancelling""",
            ([one.device_id for one in sessions], [one.digest for one in sessions]),
        )
        found: dict[UUID, Changes] = {}
        cancelling: dict[UUID, list[tuple[UUID, int]]] = {}
        for device_id, settings, has_settings, uid, attempt in await cursor.fetchall():
            own = cancelling.setdefault(device_id, [])
            if uid is not None:
                own.append((uid, attempt))
            found[device_id] = Changes(settings, has_settings, own)
        return found


async def count_waiting(store: Connections, gateway_id: UUID, most: int) -> int:
    """How many messages wait for phones of a gateway; counted up to ``most``."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from (
                   select from device_messages where gateway_id = %s and state = 'waiting' limit %s) as first""",
            (gateway_id, most),
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def due_again(store: Connections, device_ids: Collection[UUID]) -> set[UUID]:
    """Which of these devices have messages that are to be offered to them again."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"select distinct device_id from device_messages where device_id = any(%s) and {DUE_AGAIN}",  # noqa: S608
            (list(device_ids),),
        )
        return {device_id for (device_id,) in await cursor.fetchall()}


async def note_seen(store: Connections, sessions: Sequence[Session]) -> None:
    """Phones are online that have called nothing for a while."""
    async with store.connection() as conn:
        await conn.execute(
            """update devices d set seen_at = clock_timestamp()
               from unnest(%s::uuid[], %s::bytea[]) as u (id, session)
               where d.id = u.id and d.session = u.session
                 and d.seen_at < clock_timestamp() - %s * interval '1 second'""",
            ([one.device_id for one in sessions], [one.digest for one in sessions], SEEN_EVERY),
        )


async def note_fetched(store: Connections, session: Session) -> None:
    """A phone has fetched its settings."""
    async with store.connection() as conn:
        await conn.execute(
            """update devices set fetched = settings, fetched_by = session
               where id = %s and session = %s and (fetched, fetched_by) is distinct from (settings, session)""",
            (session.device_id, session.digest),
        )
