"""The audit log: who did what to which object, written in the transaction of the change, and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.access.actors import Actor
from store.pool import Connections, Pool, long_transaction

Outcome = Literal["ok", "denied", "failed"]
FORM = 1
"""Version of the form of events."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object that an action is about."""

    type: str
    id: str
    name: str = ""

    @property
    def key(self) -> str:
        """As events are looked up by."""
        return f"{self.type}:{self.id}"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after. Secrets and personal data are not told: both are ``None``."""

    field: str
    before: Any = None
    after: Any = None

    @property
    def named(self) -> dict[str, Any]:
        """As it is kept and answered."""
        return {"field": self.field, "from": self.before, "to": self.after}


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An action of an actor."""

    action: str
    """What was done: ``user.created``."""
    actor: Actor
    targets: Sequence[Target] = ()
    changes: Sequence[FieldChange] = ()
    reason: str = ""
    outcome: Outcome = "ok"
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is stored."""

    id: int
    at: datetime
    action: str
    outcome: str
    event: dict[str, Any]


def as_told(event: Event) -> dict[str, Any]:
    """An event in the form in which it is listed, exported and posted."""
    return {
        "id": event.id,
        "action": event.action,
        "version": event.event["version"],
        "occurred_at": event.at,
        "outcome": event.outcome,
        **{name: event.event[name] for name in ("actor", "targets", "context", "changes", "reason", "metadata")},
    }


async def append(conn: AsyncConnection[TupleRow], new: NewEvent) -> None:
    """Append an event. Other appends wait until the transaction ends: make it the last statement."""
    actor = new.actor
    event = {
        "version": FORM,
        "actor": actor.named,
        "targets": [{"type": target.type, "id": target.id, "name": target.name} for target in new.targets],
        "context": dict(actor.context),
        "changes": [one.named for one in new.changes],
        "reason": new.reason,
        "metadata": dict(new.metadata),
    }
    target = new.targets[0].key if new.targets else None
    await conn.execute(
        "select append_audit(%s, %s, %s, %s, %s)",
        (new.action, new.outcome, f"{actor.type}:{actor.id}", target, orjson.dumps(event, default=str).decode()),
    )


async def latest(conn: AsyncConnection[TupleRow], action: str, target: Target) -> Event | None:
    """The latest such action on an object; ``None``: there was none."""
    async with conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(
            """select id, at, action, outcome, event from audit_events
               where target = %s and action = %s and outcome = 'ok' order by id desc limit 1""",
            (target.key, action),
        )
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are listed; ``None`` and empty: all."""

    action: list[str] = field(default_factory=list)
    outcome: list[Outcome] = field(default_factory=list)
    actor: str | None = None
    """``<type>:<id>``"""
    target: str | None = None
    after: datetime | None = None
    before: datetime | None = None


_CONDITIONS = {
    "action": "action = any(%(action)s::text[])",
    "outcome": "outcome = any(%(outcome)s::text[])",
    "one action": "action = %(one action)s",
    "one outcome": "outcome = %(one outcome)s",
    "actor": "actor = %(actor)s",
    "target": "target = %(target)s",
    "after": """at >= %(after)s
        and id >= (select id from audit_events where at >= %(after)s order by at, id limit 1)""",
    "before": """at < %(before)s
        and id <= (select id from audit_events where at < %(before)s order by at desc, id desc limit 1)""",
}
"""By filter. Ids grow with time, so that a time is a place in their order, too."""


async def page(pool: Connections, wanted: Filter, below: int, limit: int) -> list[Event]:
    """Events with smaller ids than ``below``, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value not in (None, [])}
    for name in ("action", "outcome"):
        if len(given.get(name, ())) == 1:  # only of one value does an index have the ids in order
            given[f"one {name}"] = given.pop(name)[0]
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in given)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(
            f"""select id, at, action, outcome, event from audit_events
                where id < %(below)s{conditions} order by id desc limit %(limit)s""",  # noqa: S608 - constants of ours
            given | {"below": below, "limit": limit},
        )
        return await cursor.fetchall()


async def oldest(pool: Connections, above: int, limit: int) -> list[Event]:
    """Events with larger ids than ``above``, the oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(
            "select id, at, action, outcome, event from audit_events where id > %s order by id limit %s", (above, limit)
        )
        return await cursor.fetchall()


_VERIFY = """
with chained as (
    select id, hash, lag(id, 1, 0::bigint) over w as before,
           audit_hash(lag(hash) over w, id, at, action, outcome, actor, target, event) as expected
    from audit_events window w as (order by id)
)
select count(*), max(id), (select hash from audit_events order by id desc limit 1),
       min(id) filter (where hash <> expected or id <> before + 1)
from chained
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the log is as it was written."""

    events: int
    last: int | None
    last_hash: str | None
    """Keep it elsewhere: a log whose last events were removed has another one."""
    first_wrong: int | None
    """Id of the first event that was changed, or before which one was removed."""


async def verify(pool: Pool) -> Verdict:
    """Compute all hashes again."""
    async with long_transaction(pool) as conn:
        row = await (await conn.execute(_VERIFY)).fetchone()
    assert row is not None
    events, last, last_hash, first_wrong = row
    return Verdict(events, last, last_hash.hex() if last_hash else None, first_wrong)
