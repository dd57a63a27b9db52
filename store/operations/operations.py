"""Operations: long work, with its progress."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from psycopg.rows import class_row

from domain.access.actors import Actor
from domain.ids import new_page_id
from domain.operations.slices import MOST_ERRORS, Sliced
from store.pool import Connections, Pool

State = Literal["queued", "running", "done", "failed", "cancelled"]
LAST = UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it is stored."""

    id: UUID
    kind: str
    account_id: int | None
    """Whose data it works on."""
    owner_id: int | None
    """Whose key began it, and may see it. ``None``: staff."""
    state: State
    input: dict[str, Any]
    place: Any
    done: int
    total: int | None
    failed: int
    errors: list[dict[str, str]]
    result: dict[str, Any] | None
    actor: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def began_by(self) -> Actor:
        """Who began it, with what it could do then."""
        stored = self.actor
        return Actor(
            stored["type"],
            stored["id"],
            stored["name"],
            stored["role"],
            frozenset(stored["permissions"]),
            stored["context"],
        )


_COLUMNS = """id, kind, account_id, owner_id, state, coalesce(input, '{}') as input, place, done, total, failed, errors,
    result, actor, created_at, started_at, finished_at"""


async def add(
    store: Connections,
    kind: str,
    actor: Actor,
    given: Mapping[str, Any],
    account_id: int | None = None,
    owner_id: int | None = None,
    operation_id: UUID | None = None,
) -> Operation:
    """Queue an operation. A worker starts it within seconds. ``operation_id``: of one that was lost."""
    operation_id = operation_id or new_page_id()  # ids that grow with time, as messages have
    stored = {
        "type": actor.type,
        "id": actor.id,
        "name": actor.name,
        "role": actor.role,
        "permissions": sorted(actor.permissions),
        "context": dict(actor.context),
    }
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Operation)) as cursor:
        await cursor.execute(
            f"""insert into operations (id, kind, account_id, owner_id, input, actor)
                values (%s, %s, %s, %s, %s, %s) returning {_COLUMNS}""",  # noqa: S608 - a constant
            (operation_id, kind, account_id, owner_id, _json(given), _json(stored)),
        )
        added = await cursor.fetchone()
    assert added is not None
    return added


async def find(store: Connections, operation_id: UUID, owner_id: int | None = None) -> Operation | None:
    """An operation; with an owner only if that account's key began it."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Operation)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from operations
                where id = %(id)s and (%(owner)s::bigint is null or owner_id = %(owner)s)""",  # noqa: S608 - a constant
            {"id": operation_id, "owner": owner_id},
        )
        return await cursor.fetchone()


async def lock(store: Connections, operation_id: UUID) -> Operation | None:
    """As ``find``; nobody else changes it, or does a slice of it, until the transaction ends."""
    async with store.connection() as conn:
        await conn.execute("select from operations where id = %s for update", (operation_id,))
    return await find(store, operation_id)


async def open_of(store: Connections, account_id: int, kind: str) -> Operation | None:
    """An account's latest operation of a kind that has not ended."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Operation)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from operations where account_id = %s and kind = %s
                and state in ('queued', 'running') order by id desc limit 1""",  # noqa: S608 - a constant
            (account_id, kind),
        )
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which operations are listed; ``None`` and empty: all."""

    state: Sequence[State] = ()
    kind: str | None = None
    account_id: int | None = None
    owner_id: int | None = None
    """Whose key began them."""


async def page(store: Connections, wanted: Filter, below: UUID | None, limit: int) -> list[Operation]:
    """Operations with smaller ids than ``below``, the newest first; ``None``: from the newest."""
    conditions = {
        "state = any(%(state)s::text[])": bool(wanted.state),
        "kind = %(kind)s": wanted.kind is not None,
        "account_id = %(account)s": wanted.account_id is not None,
        "owner_id = %(owner)s": wanted.owner_id is not None,
    }
    chosen = "".join(f" and {condition}" for condition, is_given in conditions.items() if is_given)
    given: dict[str, Any] = {"state": list(wanted.state), "kind": wanted.kind}
    given |= {"account": wanted.account_id, "owner": wanted.owner_id, "below": below or LAST, "limit": limit}
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Operation)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from operations where id < %(below)s{chosen}
                order by id desc limit %(limit)s""",  # noqa: S608 - constants of ours
            given,
        )
        return await cursor.fetchall()


async def to_start(pool: Pool, quiet: float, limit: int) -> list[UUID]:
    """Operations without a workflow: those that are queued, and those without progress for ``quiet`` seconds."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id from operations where state in ('queued', 'running')
               and (state = 'queued' or updated_at < clock_timestamp() - %s * interval '1 second')
               order by updated_at limit %s""",
            (quiet, limit),
        )
        return [operation_id for (operation_id,) in await cursor.fetchall()]


async def begin(store: Connections, operation_id: UUID, total: int | None) -> None:
    """Note that a queued operation has begun."""
    async with store.connection() as conn:
        await conn.execute(
            """update operations set state = 'running', total = %s, started_at = clock_timestamp(),
                   updated_at = clock_timestamp() where id = %s""",
            (total, operation_id),
        )


async def record(store: Connections, operation: Operation, sliced: Sliced) -> State:
    """Store what a slice has done; with nothing left the operation ends. Returns its state."""
    ended: State = "cancelled" if sliced.is_cancelled else "done"
    state = "running" if sliced.place is not None else ended
    new = [asdict(error) for error in sliced.errors][: max(0, MOST_ERRORS - len(operation.errors))]
    async with store.connection() as conn:
        await conn.execute(
            """update operations set state = %(state)s, place = %(place)s, done = done + %(done)s,
                   failed = failed + %(failed)s, errors = errors || %(errors)s::jsonb,
                   total = case when %(state)s = 'done' then done + %(done)s else coalesce(%(total)s, total) end,
                   result = coalesce(%(result)s, result), updated_at = clock_timestamp(),
                   input = case when %(state)s = 'running' then input end,
                   finished_at = case when %(state)s <> 'running' then clock_timestamp() end
               where id = %(id)s""",
            {
                "id": operation.id,
                "state": state,
                "place": None if sliced.place is None else _json(sliced.place),
                "done": sliced.done,
                "failed": len(sliced.errors),
                "errors": _json(new),
                "total": sliced.total,
                "result": None if sliced.result is None else _json(sliced.result),
            },
        )
    return state


async def move(store: Connections, operation_id: UUID, before: Any, after: Any) -> None:
    """Change the place of an operation that is running, if it is still where it was ``before``."""
    async with store.connection() as conn:
        await conn.execute(
            "update operations set place = %s where id = %s and state = 'running' and place = %s::jsonb",
            (_json(after), operation_id, _json(before)),
        )


async def fail(store: Connections, operation_id: UUID, code: str, message: str) -> None:
    """End an operation that cannot go on. What its slices did stays."""
    error = _json([{"item": "", "code": code, "message": message}])
    async with store.connection() as conn:
        await conn.execute(
            """update operations set state = 'failed', failed = failed + 1, errors = errors || %s::jsonb, input = null,
                   place = null, updated_at = clock_timestamp(), finished_at = clock_timestamp()
               where id = %s and state in ('queued', 'running')""",
            (error, operation_id),
        )


async def cancel(store: Connections, operation_id: UUID) -> bool:
    """End an operation before its next slice. What its slices did stays. Returns whether it had not ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update operations set state = 'cancelled', input = null, place = null, updated_at = clock_timestamp(),
                   finished_at = clock_timestamp()
               where id = %s and state in ('queued', 'running')""",
            (operation_id,),
        )
        return cursor.rowcount == 1


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
